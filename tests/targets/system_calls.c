/* Linux's system calls for newlib: qemu's user mode then runs programs made for a machine without a system. */
#include <stddef.h>

int main(void);

static long call(long number, long a, long b, long c)
{
    register long r7 __asm__("r7") = number;
    register long r0 __asm__("r0") = a;
    register long r1 __asm__("r1") = b;
    register long r2 __asm__("r2") = c;
    __asm__ volatile("svc 0" : "+r"(r0) : "r"(r7), "r"(r1), "r"(r2) : "memory");
    return r0;
}

void _exit(int status)
{
    for (;;) {
        call(1, status, 0, 0);
    }
}

int _write(int file, const char *text, int length)
{
    return (int)call(4, file, (long)text, length);
}

void *_sbrk(ptrdiff_t more)
{
    static char heap[1 << 16];
    static ptrdiff_t used;
    char *const start = heap + used;
    used += more;
    return start;
}

void _start(void)
{
    _exit(main());
}
