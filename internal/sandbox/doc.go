// Package sandbox runs one process confined.
//
// [Start] starts a [Command] with nothing of this process's environment, in a
// process group of its own, and returns the [Process]. Its output arrives in
// order at one writer; [Process.Kill] ends the whole group. With a [Room] it
// sees a root, processes and users of its own: this very program is started
// once more as the room's first process, builds it from inside and stays to
// furnish it. [Protections] says which walls stand.
package sandbox
