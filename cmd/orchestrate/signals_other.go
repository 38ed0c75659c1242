//go:build !unix

package main

// ignoreLimits has nothing to do here: no signal tells that a file may not grow.
func ignoreLimits() {}
