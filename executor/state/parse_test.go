package state

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestQuick tells what is read without encoding/json.
func TestQuick(t *testing.T) {
	for text, want := range map[string]bool{
		`{"a":["x",-12,null,true,false,{}],"b":{"c":[]}}`: true,
		`"x"`: true, `0`: true, `-9223372036854775808`: true,
		`9223372036854775808`: false, `1.5`: false, `1e3`: false, `-0`: false, `01`: false, `-`: false,
		`"é"`: false, `"a\n"`: false, `"a`: false, "\"\x01\"": false,
		`{ "a":1}`: false, `{"a":1,}`: false, `{"a"}`: false, `{a:1}`: false, `[1,]`: false, `[1`: false, `nul`: false, ``: false, `1 `: false, `1x`: false,
		strings.Repeat("[", 49) + strings.Repeat("]", 49): true,
		strings.Repeat("[", 51) + strings.Repeat("]", 51): false,
	} {
		if _, ok := decodeQuick([]byte(text)); ok != want {
			t.Errorf("%s: %t", text, ok)
		}
	}
}

// FuzzQuick holds the quick reader to encoding/json: what it takes is JSON, and
// becomes the same.
func FuzzQuick(f *testing.F) {
	for _, s := range []string{`{"a":["x",-12,null,true,false,{}],"a":{"c":[]}}`, `[0,"",-1]`, `{"value":{"x":1},"sensitive":["/x"]}`, `"\u0041"`, `1.0`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, ok := decodeQuick(text)
		if !ok {
			return
		}
		if !json.Valid(text) {
			t.Fatalf("%q is not JSON", text)
		}
		want, err := decodeSlowly(text)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%q: %v %s", text, err, diff)
		}
	})
}
