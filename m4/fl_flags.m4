# FL_TRY_CFLAG(VARIABLE, FLAG): adds FLAG to VARIABLE when the compiler takes it.
AC_DEFUN([FL_TRY_CFLAG], [
  AC_MSG_CHECKING([whether $CC accepts $2])
  fl_saved_cflags="$CFLAGS"
  CFLAGS="$CFLAGS -Werror $2"
  AC_COMPILE_IFELSE([AC_LANG_SOURCE([[int fl_probe(void); int fl_probe(void) { return 0; }]])],
    [AC_MSG_RESULT([yes]); $1="$$1 $2"], [AC_MSG_RESULT([no])])
  CFLAGS="$fl_saved_cflags"
])

AC_DEFUN([FL_COMPILER_FLAGS], [
  AC_ARG_ENABLE([werror], [AS_HELP_STRING([--enable-werror], [treat warnings as errors])])
  FL_WARN_CFLAGS=
  m4_foreach_w([flag], [-Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes
    -Wold-style-definition -Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla -Wundef -Wformat=2
    -Wswitch-enum -Wimplicit-fallthrough -Wconversion -Wnull-dereference -Wduplicated-cond
    -Wlogical-op -Wthread-safety -Wno-format-truncation], [FL_TRY_CFLAG([FL_WARN_CFLAGS], flag)])
  AS_IF([test "x$enable_werror" = xyes], [FL_WARN_CFLAGS="$FL_WARN_CFLAGS -Werror"])
  FL_HARDEN_CFLAGS=
  m4_foreach_w([flag], [-fstack-protector-strong -fstack-clash-protection -fcf-protection=full
    -ftrivial-auto-var-init=zero -fvisibility=hidden], [FL_TRY_CFLAG([FL_HARDEN_CFLAGS], flag)])
  FL_HARDEN_LDFLAGS="-Wl,-z,relro,-z,now,-z,noexecstack"
  AC_SUBST([FL_WARN_CFLAGS])
  AC_SUBST([FL_HARDEN_CFLAGS])
  AC_SUBST([FL_HARDEN_LDFLAGS])
])

# --enable-sanitizers=address,undefined|thread: for our own programs. Connectors are always built
# as their users get them: the host refuses what they would need at run time.
AC_DEFUN([FL_SANITIZERS], [
  AC_ARG_ENABLE([sanitizers],
    [AS_HELP_STRING([--enable-sanitizers=LIST], [address,undefined or thread])],
    [], [enable_sanitizers=no])
  FL_SAN_CFLAGS=
  AS_IF([test "x$enable_sanitizers" != xno],
    [FL_SAN_CFLAGS="-fsanitize=$enable_sanitizers -fno-omit-frame-pointer -fno-sanitize-recover=all"],
    [FL_HARDEN_CFLAGS="$FL_HARDEN_CFLAGS -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"])
  AC_SUBST([FL_SAN_CFLAGS])
  AM_CONDITIONAL([SANITIZERS], [test "x$enable_sanitizers" != xno])
])
