// Package worker runs functions on other machines, over the engine.
//
// A [Worker] is such a machine: it announces itself, takes calls and runs them in
// its own execution environments. [Workers] is what a gateway sees of all of them:
// an [execenv.Elsewhere] that sends each call to the least busy one.
//
// A call goes to one worker by name. What is larger than a message goes in pieces,
// each of which is answered before the next is sent: so pieces keep their order,
// nobody is flooded, and each side notices when the other is gone. A worker that
// is not heard of while it has calls is dead: they are answered as Lambda answers
// for a process that was killed.
package worker
