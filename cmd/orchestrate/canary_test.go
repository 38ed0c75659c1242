package main

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// Commands of the stories about secrets, which learn them and then look
// everywhere:
//
//	told CODE command...          run a command like exits, and keep what it writes in the folder told
//	canary GROUP env NAME...      the values of variables are secrets
//	canary GROUP file FILE...     so is what is in files; of a zip archive the private keys, and the archive as a whole
//	unseen GROUP DIR [NOT...]     no file below a folder, except below others, holds a secret of the group in any disguise
//	unmatched REGEXP DIR [NOT...] nor does any of them match
//	seen GROUP FILE               a file holds one, so that there is something to look for
var canaryCommands = map[string]func(*testscript.TestScript, bool, []string){
	"told": canaryTold, "canary": canaryLearn, "unseen": canaryUnseen, "unmatched": canaryUnmatched, "seen": canarySeen,
}

type canaryKey struct{}

// cage holds the secrets of a story, by group.
type cage map[string][]string

func cageOf(ts *testscript.TestScript) cage { return ts.Value(canaryKey{}).(cage) }

func canaryTold(ts *testscript.TestScript, neg bool, args []string) {
	scriptExits(ts, neg, args)
	dir := ts.MkAbs("told")
	ts.Check(os.MkdirAll(dir, 0o700))
	kept, err := os.ReadDir(dir)
	ts.Check(err)
	for _, stream := range []string{"stdout", "stderr"} {
		ts.Check(os.WriteFile(filepath.Join(dir, strconv.Itoa(len(kept)/2)+"."+stream), []byte(ts.ReadFile(stream)), 0o600))
	}
}

func canaryLearn(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: canary GROUP env|file NAME...")
	}
	all := cageOf(ts)
	for _, name := range args[2:] {
		var found []string
		if args[1] == "env" {
			found = []string{ts.Getenv(name)}
		} else {
			found = secretsIn(ts, ts.ReadFile(name))
		}
		for _, secret := range found {
			if len(secret) < 12 {
				ts.Fatalf("%s holds the secret %q, too short to be looked for", name, secret)
			}
			all[args[0]] = append(all[args[0]], secret)
		}
	}
}

// secretsIn are the secrets of a file: the private keys of an archive beside the
// archive itself, the whole of anything else.
func secretsIn(ts *testscript.TestScript, content string) []string {
	r, err := zip.NewReader(strings.NewReader(content), int64(len(content)))
	if err != nil {
		return []string{strings.TrimSpace(content)}
	}
	found := []string{content}
	for _, f := range r.File {
		in, err := f.Open()
		ts.Check(err)
		text, err := io.ReadAll(in)
		ts.Check(err)
		in.Close()
		for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
			if strings.Contains(block.Type, "PRIVATE KEY") {
				found = append(found, string(block.Bytes))
			}
		}
	}
	return found
}

// piece is what is looked for of something long: a part of its middle, which tells
// it from others of its kind, or its beginning where lines may be broken.
func piece(text string, long int) string {
	if len(text) <= long {
		return text
	}
	if len(text) > 8*long {
		text = text[len(text)/2:]
	}
	return text[:long]
}

// disguises are the forms in which a secret could be written. In base64 its
// letters depend on what stands before it; those at the ends on the neighbours.
func disguises(secret string) [][]byte {
	quoted, _ := json.Marshal(secret) // a text can be
	bare := piece(secret, 48)
	out := []string{
		bare, piece(strings.Trim(string(quoted), `"`), 48), url.QueryEscape(bare), url.PathEscape(bare),
		hex.EncodeToString([]byte(bare)), strings.ToUpper(hex.EncodeToString([]byte(bare))),
	}
	for shift := range 3 {
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			text := enc.EncodeToString([]byte(strings.Repeat("x", shift) + secret))
			out = append(out, piece(text[(shift*8+5)/6:len(text)-1], 60)) // a line of PEM has 64
		}
	}
	slices.Sort(out)
	var forms [][]byte
	for _, form := range slices.Compact(out) {
		forms = append(forms, []byte(form))
	}
	return forms
}

func canaryUnseen(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: unseen GROUP DIR [NOT...]")
	}
	forms := formsOf(ts, args[0])
	eachFile(ts, args[1], args[2:], func(path string, text []byte) {
		if holdsAny(text, forms) {
			ts.Fatalf("%s holds a secret of %s", path, args[0])
		}
	})
}

func canaryUnmatched(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: unmatched REGEXP DIR [NOT...]")
	}
	re := regexp.MustCompile(args[0])
	eachFile(ts, args[1], args[2:], func(path string, text []byte) {
		if re.Match(text) {
			ts.Fatalf("%s matches %s", path, re)
		}
	})
}

// eachFile goes through the files below a folder, except for some and what is
// below them.
func eachFile(ts *testscript.TestScript, dir string, not []string, look func(path string, text []byte)) {
	ts.Check(filepath.WalkDir(ts.MkAbs(dir), func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case slices.ContainsFunc(not, func(n string) bool { return path == ts.MkAbs(n) }) && d.IsDir():
			return filepath.SkipDir
		case d.IsDir() || slices.ContainsFunc(not, func(n string) bool { return path == ts.MkAbs(n) }):
			return nil
		}
		text, err := os.ReadFile(path)
		if err == nil {
			look(path, text)
		}
		return err
	}))
}

func canarySeen(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: seen GROUP FILE")
	}
	if !holdsAny([]byte(ts.ReadFile(args[1])), formsOf(ts, args[0])) {
		ts.Fatalf("%s holds no secret of %s", args[1], args[0])
	}
}

func formsOf(ts *testscript.TestScript, group string) [][]byte {
	var forms [][]byte
	for _, secret := range cageOf(ts)[group] {
		forms = append(forms, disguises(secret)...)
	}
	if len(forms) == 0 {
		ts.Fatalf("no secret of %s is known", group)
	}
	return forms
}

func holdsAny(text []byte, forms [][]byte) bool {
	return slices.ContainsFunc(forms, func(form []byte) bool { return bytes.Contains(text, form) })
}
