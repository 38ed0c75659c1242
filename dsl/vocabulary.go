package dsl

import "slices"

// functionNames are the functions that a blueprint can call, sorted. A test
// holds the list to lookupFunction.
var functionNames = []string{
	Base64Encode, Concat, CondAnd, CondEq, CondIf, CondNot, CondOr, GetAttribute, "get_each", GetInMap, GetInput, GetListLength,
	GetReference, Replace, Select, Split,
}

// FunctionNames lists the functions of the language, sorted.
func FunctionNames() []string { return slices.Clone(functionNames) }

// IsFunction reports whether a one-key map with this key is a call.
func IsFunction(name string) bool {
	_, ok := slices.BinarySearch(functionNames, name)
	return ok
}
