/* SPDX-License-Identifier: Apache-2.0 */
/* Copyright The gomapd Authors */
/*
 * host [-fork] LIBRARY...: loads Go libraries, says "ready", waits for a byte, lets each
 * make a hundred maps and waits for another byte. With -fork a child that runs no program
 * of its own then does so too, and ends before "done".
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
  int (*fill[4])(int);
  int i, status, count = 0;
  int forks = argc > 1 && strcmp(argv[1], "-fork") == 0;
  pid_t child;

  for (i = 1 + forks; i < argc && count < 4; i++) {
    void *library = dlopen(argv[i], RTLD_NOW);

    fill[count] = library ? (int (*)(int))dlsym(library, "Fill") : 0;
    if (!fill[count++]) return 1;
  }
  puts("ready");
  fflush(stdout);
  if (getchar() == EOF) return 1;
  for (i = 0; i < count; i++)
    if (fill[i](100) != 100 * 100) return 1;
  if (forks) {
    child = fork();
    if (child == 0) _exit(fill[0](100) != 100 * 100);
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) return 1;
  }
  puts("done");
  fflush(stdout);
  getchar();
  return 0;
}
