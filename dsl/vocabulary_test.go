package dsl

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// TestVocabulary holds the lists of names to what the parser knows.
func TestVocabulary(t *testing.T) {
	if !slices.IsSorted(functionNames) || !slices.IsSorted(ForeignFunctions()) {
		t.Error("a list is not sorted")
	}
	for _, name := range functionNames {
		if _, ok := lookupFunction(name); !ok || !IsFunction(name) {
			t.Errorf("%s is no function", name)
		}
	}
	for _, name := range ForeignFunctions() {
		if _, ok := foreign(name, false); !ok || IsFunction(name) {
			t.Errorf("%s is no function of another language", name)
		}
	}
	source, err := os.ReadFile("functions.go")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(regexp.MustCompile(`(?m)^\t\treturn function\{`).FindAll(source, -1)); n != len(functionNames) {
		t.Errorf("the parser knows %d functions, and %d are listed", n, len(functionNames))
	}
}
