package dsl

import "slices"

// functionNames are the functions that a blueprint can call, sorted. A test
// holds the list to lookupFunction.
var functionNames = []string{
	Base64Encode, Concat, CondAnd, CondEq, CondIf, CondNot, CondOr, GetAttribute, GetEach, GetInMap, GetInput, GetListLength,
	GetReference, Replace, Select, Split,
}

// FunctionNames lists the functions of the language, sorted.
func FunctionNames() []string { return slices.Clone(functionNames) }

// IsFunction reports whether a one-key map with this key is a call.
func IsFunction(name string) bool {
	_, ok := slices.BinarySearch(functionNames, name)
	return ok
}

// ForeignFunctions lists functions of other template languages that blueprints
// refuse whatever their argument is, sorted.
func ForeignFunctions() []string {
	return []string{
		"Ref", "get_artifact", "get_attr", "get_file", "get_nodes_of_type", "get_operation_output", "get_param", "get_property",
		"get_resource", "get_secret", "str_replace",
	}
}
