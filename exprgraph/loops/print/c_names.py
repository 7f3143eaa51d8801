"""Names in C and C++: keywords, and what their libraries declare."""

from __future__ import annotations

import re

from ..operations import LIBRARY

#: of C99 to C23 and C++98 to C++23, and macros of common compilers
KEYWORDS = frozenset(
    """
    alignas alignof and and_eq asm atomic_cancel atomic_commit atomic_noexcept auto bitand bitor bool break case catch char char8_t char16_t
    char32_t class co_await co_return co_yield compl concept const const_cast consteval constexpr constinit continue decltype default
    delete do double dynamic_cast else enum explicit export extern false final float for friend goto if import inline int long module
    mutable namespace new noexcept not not_eq nullptr operator or or_eq override private protected public reflexpr register
    reinterpret_cast requires restrict return short signed sizeof static static_assert static_cast struct switch synchronized template
    this thread_local throw true try typedef typeid typename typeof typeof_unqual union unsigned using virtual void volatile wchar_t
    while xor xor_eq unix linux near far errno NULL
    """.split()
)

_OF_MATH = """
    acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2 expm1 fabs fdim floor fma fmax fmin fmod frexp
    hypot ilogb ldexp lgamma llrint llround log log10 log1p log2 logb lrint lround modf nan nearbyint nextafter nexttoward pow remainder
    remquo rint round scalbln scalbn sin sinh sqrt tan tanh tgamma trunc
    """.split()
#: functions that math.h declares, also outside of the standard, and others that every C compiler knows
DECLARED = frozenset(
    [f"{n}{end}" for n in (*_OF_MATH, *LIBRARY, "j0", "j1", "jn", "y0", "y1", "yn", "gamma") for end in ("", "f", "l")]
    + """
    abs abort atexit atof atoi calloc div drem exit exp10 finite free fpclassify isfinite isinf isnan isnormal labs main malloc memcmp
    memcpy memmove memset pow10 printf puts rand realloc remove rename scalb signbit significand sincos strcmp strcpy strlen
    """.split()
)

_ERRORS = """
    EOF E2BIG EACCES EAGAIN EBADF EBUSY ECHILD EDEADLK EDOM EEXIST EFAULT EFBIG EILSEQ EINTR EINVAL EIO EISDIR EMFILE EMLINK ENAMETOOLONG
    ENFILE ENODEV ENOENT ENOEXEC ENOLCK ENOMEM ENOSPC ENOSYS ENOTDIR ENOTEMPTY ENOTSUP ENOTTY ENXIO EOVERFLOW EPERM EPIPE ERANGE EROFS
    ESPIPE ESRCH ETIMEDOUT EXDEV
"""
#: macros of C's own headers, also of their common extensions; the preprocessor would replace such a name anywhere
MACROS = re.compile(
    rf"""
    {"|".join(_ERRORS.split())} | INFINITY | NAN | HUGE_VAL[FL]? | math_errhandling | MATH_ERR(?:NO|EXCEPT) | NULL | BUFSIZ | signgam
    | FP_(?:NAN|INFINITE|ZERO|SUBNORMAL|NORMAL|ILOGB0|ILOGBNAN|FAST_FMA[FL]?) | std(?:in|out|err) | EXIT_(?:SUCCESS|FAILURE)
    | M_(?:E|LOG2E|LOG10E|LN2|LN10|PI|PI_2|PI_4|1_PI|2_PI|2_SQRTPI|SQRT2|SQRT1_2) | SEEK_(?:SET|CUR|END) | CLOCKS_PER_SEC | CHAR_BIT
    | (?:U?INT(?:(?:_LEAST|_FAST)?(?:8|16|32|64)|MAX|PTR)?|S?CHAR|UCHAR|U?SHRT|U?L?LONG|SIZE|PTRDIFF|WCHAR|WINT|SIG_ATOMIC|RAND)_M(?:AX|IN)
    | U?INT(?:8|16|32|64|MAX)_C | (?:FLT|DBL|LDBL)_(?:MAX|MIN|EPSILON|TRUE_MIN|(?:MANT_|DECIMAL_)?DIG|M(?:AX|IN)_(?:10_)?EXP|HAS_SUBNORM)
    | FLT_(?:RADIX|ROUNDS|EVAL_METHOD) | DECIMAL_DIG
    """,
    re.VERBOSE,
)
#: types that headers declare
_TYPES = re.compile(r"(?:u?int(?:(?:_least|_fast)?(?:8|16|32|64)|max|ptr)|double|float|s?size|ptrdiff|wchar|max_align)_t")


def not_a_name(text: str) -> str | None:
    """Why C or C++ cannot use a text as the name of a function; ``None`` if they can.

    >>> not_a_name("evaluator"), not_a_name("class"), not_a_name("a-b"), not_a_name("INFINITY")
    (None, 'it is a keyword of C or C++', 'it is no identifier', "C's headers have a macro or type of this name")
    """
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text):
        return "it is no identifier"
    if text in KEYWORDS:
        return "it is a keyword of C or C++"
    if MACROS.fullmatch(text) or _TYPES.fullmatch(text):
        return "C's headers have a macro or type of this name"
    if text.startswith("_") or "__" in text:
        return "C and C++ reserve names that begin with an underscore, or have two together"
    return "C's library has a function of this name" if text in DECLARED else None


__all__ = ["DECLARED", "KEYWORDS", "MACROS", "not_a_name"]
