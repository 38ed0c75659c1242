//go:build race

package main

// underRace is true in tests that are built with the race detector, which makes
// each of the many processes of a story several times as slow. The stories and
// walks that tell more about what the program does than about what runs at once
// are then left to the tests without it.
const underRace = true
