package diag

// Entry is one row of the table of codes.
type Entry struct {
	Code     Code
	Severity Severity
	Summary  string // constant headline
	Text     string // what the code means and what to do, for `orchestrate explain`
}

// Lookup returns the row of a code.
func Lookup(c Code) (Entry, bool) {
	e, ok := table[c]
	return e, ok
}

// table is filled from the rows below and never changed afterwards.
var table = index(codes)

func index(rows []Entry) map[Code]Entry {
	out := make(map[Code]Entry, len(rows))
	for _, e := range rows {
		out[e.Code] = e
	}
	return out
}

var codes = []Entry{}
