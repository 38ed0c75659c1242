package planner

import (
	"strconv"
	"strings"
)

// PathTo is the path of an entry of the map at a path: "a.b"; a key that would
// not be told from a path is quoted, as in a["b.c"].
func PathTo(path, key string) string {
	switch {
	case key == "" || strings.ContainsAny(key, `.[]"`):
		return path + "[" + strconv.Quote(key) + "]"
	case path == "":
		return key
	}
	return path + "." + key
}

// pathToItem is the path of an item of the list at a path.
func pathToItem(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// pathParts splits a path into keys (string) and indexes (int).
func pathParts(path string) []any {
	var out []any
	for path != "" {
		var part any
		part, path = firstPart(path)
		out = append(out, part)
	}
	return out
}

// firstPart takes the first key or index off a path.
func firstPart(path string) (part any, rest string) {
	inside, bracketed := strings.CutPrefix(path, "[")
	if !bracketed {
		path = strings.TrimPrefix(path, ".")
		end := strings.IndexAny(path, ".[")
		if end < 0 {
			return path, ""
		}
		return path[:end], path[end:]
	}
	if quoted, err := strconv.QuotedPrefix(inside); err == nil {
		key, _ := strconv.Unquote(quoted) // a quoted prefix can be unquoted
		return key, strings.TrimPrefix(inside[len(quoted):], "]")
	}
	index, rest, _ := strings.Cut(inside, "]")
	if i, err := strconv.Atoi(index); err == nil {
		return i, rest
	}
	return index, rest
}
