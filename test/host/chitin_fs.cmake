# SPDX-License-Identifier: MIT
# The sources of chitin-mkfs, chitin-fsck and chitin-fs, one program with three
# names: for the host presets, and for those of the machine, which fill disks
# with it. Relative to the tree.
set(chitin_fs_modules
    test/host/fs_host.c test/host/fs_host_tree.c
    test/host/code_run.c
    test/power-cut/kernel_program.c
    test/power-cut/make.c
    test/power-cut/shown.c
    test/power-cut/type_run.c
    kern/cap.c
    kern/code/instruction.c
    kern/code/price.c
    kern/code/verify.c
    lib/code/assemble.c
    lib/code/form.c
    lib/disk/format.c
    lib/disk/sha256.c)
foreach(module check check_leaf file format late made map mount name node open path reap recover remove store sync
               tree)
  list(APPEND chitin_fs_modules lib/fs/${module}.c)
endforeach()
foreach(module balance block catalogue change commit depend double owned recover registry
               sha256 type volume)
  list(APPEND chitin_fs_modules kern/disk/${module}.c)
endforeach()
set(chitin_fs_sources test/host/chitin_fs.c ${chitin_fs_modules})
set(chitin_fs_options -DCHITIN_DEBUG=1 -fno-strict-aliasing -O2 -g)

# chitin_fs_build(): the program with the compiler of this machine, in presets
# whose own compiler makes code for another: build/PRESET/chitin-fs.
function(chitin_fs_build)
  find_program(CHITIN_HOST_CC NAMES cc gcc clang REQUIRED)
  set(objects)
  foreach(source ${chitin_fs_sources})
    string(REPLACE / _ object ${source})
    set(object ${CMAKE_CURRENT_BINARY_DIR}/host/${object}.o)
    list(APPEND objects ${object})
    add_custom_command(
      OUTPUT ${object}
      COMMAND
        ${CMAKE_C_COMPILER_LAUNCHER} ${CHITIN_HOST_CC} -std=gnu17 ${chitin_fs_options}
        -I${PROJECT_SOURCE_DIR} -MD -MF ${object}.d -c -o ${object}
        ${PROJECT_SOURCE_DIR}/${source}
      DEPENDS ${PROJECT_SOURCE_DIR}/${source}
      DEPFILE ${object}.d
      VERBATIM)
  endforeach()
  file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/host)
  set(tool ${PROJECT_BINARY_DIR}/chitin-fs)
  add_custom_command(
    OUTPUT ${tool}
    COMMAND ${CHITIN_HOST_CC} -o ${tool} ${objects}
    COMMAND ${CMAKE_COMMAND} -E create_symlink chitin-fs ${PROJECT_BINARY_DIR}/chitin-mkfs
    COMMAND ${CMAKE_COMMAND} -E create_symlink chitin-fs ${PROJECT_BINARY_DIR}/chitin-fsck
    DEPENDS ${objects}
    VERBATIM)
  add_custom_target(chitin_fs_tool ALL DEPENDS ${tool})
endfunction()
