# SPDX-License-Identifier: Apache-2.0
# Writes a header with the digest of the files that SOURCES lists: cmake -DSOURCES=... -DOUT=... -P this
file(STRINGS ${SOURCES} files)
list(SORT files)
set(all "")
foreach(file ${files})
  file(SHA256 ${file} digest)
  string(APPEND all ${digest})
endforeach()
string(SHA256 digest "${all}")
file(WRITE ${OUT} "/* Made by cmake/kernels_digest.cmake. */\n#define HONE_KERNELS_DIGEST \"${digest}\"\n")
