package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// replaceFile writes a file in one step, with the permissions it has if it is
// there: whoever reads it meanwhile, and after a crash, finds the old text or
// the new one. A link stays a link.
func replaceFile(name string, text []byte) error {
	target, mode := name, fs.FileMode(0o644)
	if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
		mode = info.Mode().Perm()
		if target, err = filepath.EvalSymlinks(name); err != nil {
			return err
		}
	}
	return putFile(name, target, text, mode)
}

// writePrivate replaces a file, or a link, by a file that only its owner may read,
// whole or not at all.
func writePrivate(name string, text []byte) error { return putFile(name, name, text, 0o600) }

// putFile puts a file in the place of target, which is what a name leads to. What is
// there and is no file, such as a device or a pipe, is written to: a file in the
// place of /dev/null would be in everybody's way.
func putFile(name, target string, text []byte, mode fs.FileMode) error {
	var err error
	switch info, statErr := os.Stat(target); {
	case statErr == nil && info.IsDir():
		err = errors.New("it is a folder; name a file")
	case statErr == nil && !info.Mode().IsRegular():
		err = writeInto(target, text)
	default:
		err = renameInto(target, text, mode)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// writeInto writes to what is there.
func writeInto(target string, text []byte) error {
	f, err := os.OpenFile(target, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

// renameInto writes a file beside target, which then takes its place.
func renameInto(target string, text []byte, mode fs.FileMode) error {
	temp, err := os.CreateTemp(filepath.Dir(target), ".orchestrate-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) // nothing is left there after the rename
	_, err = temp.Write(text)
	if err == nil {
		err = temp.Chmod(mode)
	}
	if err == nil {
		err = temp.Sync()
	}
	if err = errors.Join(err, temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), target)
}
