/* SPDX-License-Identifier: Apache-2.0 */
/* Copyright The gomapd Authors */
/*
 * host LIBRARY...: loads Go libraries, says "ready", waits for a byte, lets each
 * make a hundred maps and waits for another byte.
 */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv) {
  int (*fill[4])(int);
  int i, count = 0;

  for (i = 1; i < argc && count < 4; i++) {
    void *library = dlopen(argv[i], RTLD_NOW);

    fill[count] = library ? (int (*)(int))dlsym(library, "Fill") : 0;
    if (!fill[count++]) return 1;
  }
  puts("ready");
  fflush(stdout);
  if (getchar() == EOF) return 1;
  for (i = 0; i < count; i++)
    if (fill[i](100) != 100 * 100) return 1;
  puts("done");
  fflush(stdout);
  getchar();
  return 0;
}
