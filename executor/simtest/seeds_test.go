//go:build !race

package simtest

// defaultSeeds is how many seeds TestSim plays.
const defaultSeeds = 2000
