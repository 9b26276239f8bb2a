# FL_PKG(VARIABLE, MODULE, MINIMUM, DEBIAN-PACKAGE)
# Looks for a pkg-config module; what is missing is collected and told at once by FL_PKG_DONE.
AC_DEFUN([FL_PKG], [
  PKG_CHECK_MODULES([$1], [$2 >= $3], [:],
    [fl_missing="$fl_missing
    $2 >= $3: apt-get install $4"])
])

AC_DEFUN([FL_PKG_DONE], [
  AS_IF([test -n "$fl_missing"],
    [AC_MSG_ERROR([these libraries are missing (or run ./quickstart, which installs them):$fl_missing])])
])
