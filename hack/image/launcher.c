/*
 * /switchback-gate/node: starts the Node of this folder in any container, whatever libraries that has or has not. Linked
 * statically; it hands over to the dynamic loader beside it, which finds all libraries there. `exec` keeps the process:
 * the gate is the first one of its container.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_PATH 3072

int main(int argc, char **argv) {
  char folder[MOST_PATH], loader[MOST_PATH + 64], library[MOST_PATH + 64], node[MOST_PATH + 64];
  ssize_t length = readlink("/proc/self/exe", folder, sizeof folder - 1);
  if (length < 0) {
    /* No /proc: the path by which it was started does as well. */
    length = (ssize_t)strlen(argv[0]);
    if (length >= MOST_PATH) return 127;
    memcpy(folder, argv[0], (size_t)length);
  }
  folder[length] = 0;
  char *slash = strrchr(folder, '/');
  if (slash == NULL) {
    fputs("switchback-gate: start me by my whole path\n", stderr);
    return 127;
  }
  *slash = 0;
  snprintf(loader, sizeof loader, "%s/lib/ld.so", folder);
  snprintf(library, sizeof library, "%s/lib", folder);
  snprintf(node, sizeof node, "%s/lib/node", folder);
  char **args = calloc((size_t)argc + 4, sizeof *args);
  if (args == NULL) return 127;
  args[0] = loader;
  args[1] = "--library-path";
  args[2] = library;
  args[3] = node;
  for (int i = 1; i < argc; i++) args[i + 3] = argv[i];
  execv(loader, args);
  perror(loader);
  return 127;
}
