//go:build !race

package executor

// crashEvery: see race_test.go.
const crashEvery = 1
