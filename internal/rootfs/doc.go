// Package rootfs builds the root of processes that do not see the machine's: in a
// mount namespace of its own, without a helper and without root.
//
// Trees are taken while the machine's files are still there ([Take], [System],
// [Memory]), then an empty root is begun ([Begin]), they are attached below the
// current folder, and it becomes the root ([Enter]). The calling thread must be
// locked and have a mount namespace of its own. Linux only.
package rootfs
