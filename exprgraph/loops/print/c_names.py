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


def not_a_name(text: str) -> str | None:
    """Why C or C++ cannot use a text as the name of a function; ``None`` if they can.

    >>> not_a_name("evaluator"), not_a_name("class"), not_a_name("a-b")
    (None, 'it is a keyword of C or C++', 'it is no identifier')
    """
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text):
        return "it is no identifier"
    if text in KEYWORDS:
        return "it is a keyword of C or C++"
    if text.startswith("_") or "__" in text:
        return "C and C++ reserve names that begin with an underscore, or have two together"
    return "C's library has a function of this name" if text in DECLARED else None


__all__ = ["DECLARED", "KEYWORDS", "not_a_name"]
