// Package sandbox runs one process confined.
//
// [Start] starts a [Command] with nothing of this process's environment, in a
// process group of its own, and returns the [Process]. Its output arrives in
// order at one writer; [Process.Kill] ends the whole group. [Protections] says
// which walls stand around it: each mechanism has its own file, so that one
// that the kernel does not offer is simply reported as off.
package sandbox
