# SPDX-License-Identifier: Apache-2.0
# 64-bit ARM Linux with Debian's cross compiler. Programs run under qemu-user; cmocka for ARM is
# where scripts/cross-cmocka unpacked it. The baseline is ARMv8.0; sources for a later instruction
# set name it themselves.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -cpu max -L /usr/aarch64-linux-gnu)

set(hone_cross_root ${CMAKE_CURRENT_LIST_DIR}/../build/aarch64-root/usr)
set(CMAKE_C_FLAGS_INIT "-isystem ${hone_cross_root}/include")
set(hone_cross_lib ${hone_cross_root}/lib/aarch64-linux-gnu)
set(CMAKE_EXE_LINKER_FLAGS_INIT "-L${hone_cross_lib} -Wl,-rpath,${hone_cross_lib}")
