// Package simtest proves the executor by simulation. One seed draws a story (a
// stack that is made, changed, rolled back, deleted), how long everything
// takes, what goes wrong and when, and drives the real engine and the real
// planner through it: on a simulated disk, cloud and clock, with processes that
// die, are interrupted, cancelled, and lose their stack to others. All the while
// it is checked what must hold (checks.go). A story is told twice, once
// undisturbed; both have to end alike.
//
// The same seed takes the same course, so that a failure can be looked at. See
// the comment of kernel for how.
package simtest
