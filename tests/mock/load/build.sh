#!/bin/sh
# Builds every connector of this folder that is wrong in one way:
#   build.sh BUILD-CONNECTOR.sh SOURCE-FOLDER OUTPUT-FOLDER
# Environment: see build-connector.sh. What comes last on the linker's command line wins.
set -eu
build=$1 src=$2 out=$3
mkdir -p "$out"
good_link=$CONNECTOR_LINK
manifest=$src/load.json

# variant NAME LINKER-FLAGS [COMPILER-FLAG...]
variant() {
	name=$1
	CONNECTOR_LINK="$good_link $2"
	export CONNECTOR_LINK
	shift 2
	sh "$build" "$out/$name.so" "$manifest" "$src/load.c" -w "$@"
}
variant good ""
variant stripped "-s"
variant sysv_hash "-Wl,--hash-style=sysv"
variant exec_stack "-Wl,-z,execstack"
variant lazy "-Wl,-z,lazy"
variant no_relro "-Wl,-z,norelro"
variant nodelete "-Wl,-z,nodelete"
variant interpose "-Wl,-z,interpose"
variant initfirst "-Wl,-z,initfirst"
variant global "-Wl,-z,global"
variant nodlopen "-Wl,-z,nodlopen"
variant rpath "-Wl,--disable-new-dtags,-rpath,/tmp"
variant runpath "-Wl,--enable-new-dtags,-rpath,/tmp"
variant audit "-Wl,--audit=a.so"
variant depaudit "-Wl,--depaudit=a.so"
variant filter "-Wl,-F,a.so"
variant auxiliary "-Wl,-f,a.so"
variant needed "-Wl,--no-as-needed -lresolv"
variant textrel "-Wl,-z,notext" -DWITH_TEXTREL
variant unique "" -DWITH_UNIQUE
variant ifunc "" -DWITH_IFUNC
variant static_tls "" -DWITH_STATIC_TLS
variant interp "" -DWITH_INTERP
variant export "" -DWITH_EXPORT
variant no_entry "" -Dfairlead_plugin_entry_v1=fairlead_plugin_entry_v2
variant no_note "" -DWITHOUT_NOTE
variant undefined "-Wl,-z,undefs" -DWITH_CALL=fl_nobody_defines_this
variant glibc_private "" -DWITH_CALL=__libc_alloca_cutoff
for call in dlopen fork system _exit sigaction setuid setenv prctl pthread_create; do
	variant "call_$call" "" "-DWITH_CALL=$call"
done
variant marks_threads "" -DWITH_CALL=pthread_key_create
variant size_zero "" -DSTRUCT_SIZE=0
variant size_small "" -DSTRUCT_SIZE=32
variant size_huge "" -DSTRUCT_SIZE=0x7fffffff
variant size_larger "" "-DSTRUCT_SIZE=sizeof(fairlead_plugin)+64"
variant no_create "" -DCREATE=NULL
variant no_handle "" -DHANDLE=NULL
variant no_destroy "" -DDESTROY=NULL
variant entry_null "" -DENTRY_NULL
variant other_id "" '-DTABLE_ID="other"'
variant other_version "" '-DTABLE_VERSION="9.9.9"'
variant hang "" -DWITH_CONSTRUCTOR_HANG
variant stays "" -DWITH_THREAD_DESTRUCTOR
manifest=$src/threads.json
variant threads "" -DWITH_CALL=pthread_create
manifest=$src/worker.json
variant worker ""
touch "$out/stamp"
