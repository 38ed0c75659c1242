package yamltree

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
)

// checkBytes finds what can be said without parsing.
func checkBytes(file string, src []byte, limits Limits) diag.List {
	if len(src) > limits.Bytes {
		return diag.List{diag.New("DSL104", diag.Range{File: file}, "The file has %d bytes; at most %d are read. Split it into several stacks.", len(src), limits.Bytes)}
	}
	if bytes.HasPrefix(src, []byte("PK\x03\x04")) || bytes.HasPrefix(src, []byte{0x1f, 0x8b}) {
		return diag.List{diag.New("DSL102", diag.Range{File: file}, "The file is an archive, not a text.")}
	}
	// What is no text at all shows at the beginning, and what is too large for
	// the parser should not be read twice, so the limits come in between.
	beginning := src[:min(len(src), 64<<10)]
	for len(beginning) < len(src) && !utf8.RuneStart(src[len(beginning)]) {
		beginning = src[:len(beginning)+1]
	}
	if l := checkText(file, beginning); l != nil {
		return l
	}
	if l := prescan(file, src, limits); l != nil {
		return l
	}
	return checkText(file, src)
}

// checkText refuses what is not UTF-8 or holds control characters.
func checkText(file string, src []byte) diag.List {
	i := badByte(src)
	if i < 0 {
		return nil
	}
	at := rangeAtByte(file, src, i)
	if utf8.FullRune(src[i:]) {
		if r, n := utf8.DecodeRune(src[i:]); r != utf8.RuneError || n > 1 {
			return diag.List{diag.New("DSL102", at, "The character %U stands here. Control characters have no place in a blueprint; in a quoted text, write it as an escape.", r)}
		}
	}
	if bytes.HasPrefix(src, []byte{0xff, 0xfe}) || bytes.HasPrefix(src, []byte{0xfe, 0xff}) {
		return diag.List{diag.New("DSL102", at, "The file is in UTF-16 or UTF-32. Save it in UTF-8.")}
	}
	return diag.List{diag.New("DSL102", at, "The byte 0x%02x is not UTF-8. Save the file in UTF-8.", src[i])}
}

// badByte returns the offset of the first byte that is not UTF-8 or belongs to
// a control character which YAML does not allow (YAML 1.2, section 5.1), or -1.
func badByte(src []byte) int {
	for i := 0; i < len(src); {
		c := src[i]
		if c >= 0x20 && c < 0x7f || c == '\n' || c == '\t' || c == '\r' {
			i++
			continue
		}
		if c < utf8.RuneSelf {
			return i
		}
		r, n := utf8.DecodeRune(src[i:])
		switch {
		case r == utf8.RuneError && n == 1, r > 0x7e && r < 0xa0 && r != 0x85, r == 0xfffe, r == 0xffff, r == 0xfeff && i > 0:
			return i
		}
		i += n
	}
	return -1
}

func rangeAtByte(file string, src []byte, i int) diag.Range {
	line := bytes.Count(src[:i], []byte{'\n'}) + 1
	start := bytes.LastIndexByte(src[:i], '\n') + 1
	column := utf8.RuneCount(src[start:i]) + 1
	return diag.Range{File: file, Start: diag.Pos{Line: line, Column: column}, End: diag.Pos{Line: line, Column: column + 1}}
}

var yamlError = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// syntaxError turns an error of yaml.v3 into a diagnostic on the right line.
//
// yaml.v3 tells the line where the construct that it was reading begins, which
// may lie far above the problem, and for errors of its parser (but not of its
// scanner) counts lines from 0. Reading stops at the first problem, so the
// problem lies on the last line of the shortest beginning of the file that
// gives the same message; findLine looks for it.
func syntaxError(file string, src []byte, err error) diag.Diagnostic {
	m := yamlError.FindStringSubmatch(err.Error())
	if m == nil {
		return diag.New("DSL101", diag.Range{File: file}, "%s.", err)
	}
	message, from := m[2], 1
	if m[1] != "" {
		from, _ = strconv.Atoi(m[1])
	}
	if strings.HasPrefix(message, "exceeded max depth") {
		return diag.New("DSL104", diag.Range{File: file}, "Maps and lists are nested too deep; %d levels are allowed.", defaultLimits.Depth)
	}
	line := from
	switch {
	case opensAbove(message):
		if !scannerMessage(message) && m[1] != "" {
			line++
		}
	case len(src) <= maxRefinedBytes:
		line = findLine(src, message, from)
	}
	if strings.HasPrefix(message, "unknown anchor") {
		line = anchorLine(src, message, line)
	}
	line = min(line, len(lineEnds(src)))
	at := lineRange(file, src, line)
	if tab, ok := tabIn(file, src, line); ok {
		return diag.New("DSL101", tab, "The indentation holds a tab character, which YAML does not allow. Indent with spaces, two for each level.")
	}
	d := diag.New("DSL101", at, "%s", explain(message))
	d.Concealed = nearSecret(src, line)
	return d
}

// secretWords are what names of secrets are made of.
var secretWords = regexp.MustCompile(`(?i)pass(word|wd|phrase)|secret|token|private[_-]?key`)

// nearSecret reports whether a line may hold a secret. What can't be parsed
// can't be asked for types, so words on the lines around have to do.
func nearSecret(src []byte, line int) bool {
	const around = 3
	ends := lineEnds(src)
	from, to := 0, ends[min(line+around, len(ends))-1]
	if line > around+1 {
		from = ends[line-around-2]
	}
	return secretWords.Match(src[from:to])
}

// maxRefinedBytes bounds the size of files for which findLine reads prefixes.
const maxRefinedBytes = 1 << 18

// opensAbove tells messages whose useful place is where something was opened
// and never closed.
func opensAbove(message string) bool {
	return strings.Contains(message, "',' or") || strings.Contains(message, "unexpected end of stream") ||
		strings.Contains(message, "unexpected document indicator")
}

func scannerMessage(message string) bool {
	return strings.HasPrefix(message, "found ") || strings.HasPrefix(message, "mapping values") ||
		strings.HasPrefix(message, "could not find") || strings.HasPrefix(message, "block ")
}

// findLine returns the last line of the shortest prefix that fails with the
// message, by doubling and halving.
func findLine(src []byte, message string, from int) int {
	ends := lineEnds(src)
	fails := func(line int) bool {
		_, _, err := decode(src[:ends[line-1]])
		return err != nil && strings.HasSuffix(err.Error(), message)
	}
	low, high := min(max(from-1, 0), len(ends)), len(ends) // low holds, high fails
	for step := 1; low+step < high; step *= 2 {
		if fails(low + step) {
			high = low + step
			break
		}
		low += step
	}
	for low+1 < high {
		if mid := (low + high) / 2; fails(mid) {
			high = mid
		} else {
			low = mid
		}
	}
	for high > 1 && len(bytes.TrimSpace(src[ends[high-2]:ends[high-1]])) == 0 {
		high--
	}
	return high
}

// lineEnds returns the offset after each line.
func lineEnds(src []byte) []int {
	var ends []int
	for i := 0; i < len(src); {
		n := bytes.IndexByte(src[i:], '\n')
		if n < 0 {
			break
		}
		i += n + 1
		ends = append(ends, i)
	}
	if len(ends) == 0 || ends[len(ends)-1] < len(src) {
		ends = append(ends, len(src))
	}
	return ends
}

func lineText(src []byte, line int) []byte {
	ends := lineEnds(src)
	line = min(max(line, 1), len(ends))
	from := 0
	if line > 1 {
		from = ends[line-2]
	}
	return bytes.TrimRight(src[from:ends[line-1]], "\r\n")
}

// lineRange spans the text of a line without its indentation.
func lineRange(file string, src []byte, line int) diag.Range {
	content := lineText(src, line)
	trimmed := bytes.TrimLeft(content, " \t")
	start := len(content) - len(trimmed) + 1
	end := start + utf8.RuneCount(bytes.TrimRight(trimmed, " \t"))
	return diag.Range{File: file, Start: diag.Pos{Line: line, Column: start}, End: diag.Pos{Line: line, Column: max(end, start+1)}}
}

// tabIn returns the place of a tab in the indentation of the line or of the
// one after it.
func tabIn(file string, src []byte, line int) (diag.Range, bool) {
	for _, l := range []int{line, line + 1} {
		if l > line && l > len(lineEnds(src)) {
			break
		}
		content := lineText(src, l)
		indent := content[:len(content)-len(bytes.TrimLeft(content, " \t"))]
		if i := bytes.IndexByte(indent, '\t'); i >= 0 {
			return diag.Range{File: file, Start: diag.Pos{Line: l, Column: i + 1}, End: diag.Pos{Line: l, Column: i + 2}}, true
		}
	}
	return diag.Range{}, false
}

// anchorLine returns the first line that uses the unknown anchor of a message.
func anchorLine(src []byte, message string, fallback int) int {
	parts := strings.SplitN(message, "'", 3)
	if len(parts) == 3 {
		if i := bytes.Index(src, []byte("*"+parts[1])); i >= 0 {
			return bytes.Count(src[:i], []byte{'\n'}) + 1
		}
	}
	return fallback
}

// hints say in our words what messages of yaml.v3 mean, by their beginning.
var hints = []struct{ begins, says string }{
	{"mapping values are not allowed", "A colon followed by a blank starts a value, but none can start here. Put the text in quotes, or check the indentation of the line and of the one above."},
	{"did not find expected key", "The line does not belong to the map or list above it. Check its indentation."},
	{"did not find expected '-' indicator", "The line does not belong to the list above it. Check its indentation, or begin it with a dash."},
	{"did not find expected ',' or ']'", "The list that begins here with [ is not closed, or a comma is missing in it."},
	{"did not find expected ',' or '}'", "The map that begins here with { is not closed, or a comma is missing in it."},
	{"found unexpected end of stream", "The quoted text that begins here is not closed."},
	{"found unexpected document indicator", "The quoted text that begins here is not closed."},
	{"could not find expected ':'", "A key needs a colon and a blank after it."},
	{"found character that cannot start any token", "The text begins with a character that has a meaning of its own in YAML (such as @, ` or %). Put the text in quotes."},
	{"found a tab character", "The indentation holds a tab character, which YAML does not allow. Indent with spaces, two for each level."},
	{"block sequence entries are not allowed", "A list item can't stand here. Begin the list on a line of its own."},
	{"found unknown escape character", `The quoted text holds an unknown escape. In double quotes a backslash must be written twice; in single quotes it stands for itself.`},
	{"block mapping", "A map can't begin here. Check the indentation of the line."},
}

func explain(message string) string {
	for _, h := range hints {
		if strings.HasPrefix(message, h.begins) {
			return h.says
		}
	}
	if strings.HasPrefix(message, "unknown anchor") {
		return "The alias names an anchor that is not defined above it (" + message + ")."
	}
	return "The YAML reader says: " + message + "."
}
