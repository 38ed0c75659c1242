//go:build unix

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cloud is an emulator in a process of its own.
type cloud struct {
	cmd *exec.Cmd
	url string
	env []string
}

// startCloud runs `orchestrate emulator` over a file.
func startCloud(executable, db string, speed float64) (*cloud, error) {
	cmd := exec.Command(executable, "emulator", "--db", db, "--speed", strconv.FormatFloat(speed, 'f', -1, 64))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &cloud{cmd: cmd}
	var hello struct {
		URL string            `json:"url"`
		Env map[string]string `json:"env"`
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &hello)
	}
	if err != nil {
		c.stop() //nolint:errcheck // it did not even begin
		return nil, fmt.Errorf("read the first line of the emulator: %w", err)
	}
	c.url = hello.URL
	for name, value := range hello.Env {
		c.env = append(c.env, name+"="+value)
	}
	return c, nil
}

// stop ends the emulator, after which its file is whole.
func (c *cloud) stop() error {
	c.cmd.Process.Signal(syscall.SIGTERM) //nolint:errcheck // it may have ended
	err := c.cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 130 {
		return nil // interrupted, as told
	}
	return err
}

// change is a changing request, as the emulator has logged it.
type change struct {
	Operation string `json:"operation"`
	Method    string `json:"method"`
	Path      string `json:"path"`
	Body      string `json:"body"`
	Status    int    `json:"status"`
}

// object is what exists in the cloud.
type object struct {
	Kind   string `json:"kind"`
	ID     string `json:"id"`
	Parent string `json:"parent"`
	Name   string `json:"name"`
}

func (c *cloud) changes() ([]change, error) {
	var list []change
	return list, c.ask("/_emulator/log", &list)
}

func (c *cloud) objects() ([]object, error) {
	var list []object
	return list, c.ask("/_emulator/objects", &list)
}

// set changes the settings of the emulator. It keeps them in its file.
func (c *cloud) set(settings string) error {
	req, err := http.NewRequest(http.MethodPut, c.url+"/_emulator/settings", strings.NewReader(settings))
	if err != nil {
		return err
	}
	resp, err := asking.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("set %s at the emulator: %s", settings, resp.Status)
	}
	return nil
}

var asking = http.Client{Timeout: 30 * time.Second}

func (c *cloud) ask(path string, into any) error {
	resp, err := asking.Get(c.url + path)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("ask the emulator for %s: %s", path, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(into)
}
