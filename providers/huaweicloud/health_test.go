package huaweicloud

import (
	"archive/zip"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// told lists what is in h.
func told(h *providers.Health) []string {
	var out []string
	for _, s := range h.Symptoms {
		out = append(out, fmt.Sprintf("%s: %s (%s) %s", s.Condition, s.Message, s.Operation, s.Advice))
	}
	for _, f := range h.Figures {
		out = append(out, fmt.Sprintf("%s %v %s", f.Name, f.Value, f.Unit))
	}
	return out
}

func TestStates(t *testing.T) {
	states := States{What: "The thing", Operation: "ShowThing", Well: []string{"OK"}, Others: map[string]Meaning{
		"BAD": {providers.Abnormal, ": it is bad", "Mend it."},
	}}
	for state, want := range map[string][]string{
		"OK":  nil,
		"BAD": {"abnormal: The thing is in state BAD: it is bad. (ShowThing) Mend it."},
		"NEW": {"unknown: The thing is in state NEW, of which nothing is known. (ShowThing) Look at it on the console."},
		"":    {"unknown: The thing shows no state. (ShowThing) Look at it on the console."},
	} {
		var h providers.Health
		states.Judge(&h, state)
		if d := cmp.Diff(want, told(&h)); d != "" {
			t.Errorf("%q: %s", state, d)
		}
	}
}

func TestFills(t *testing.T) {
	for percent, want := range map[float64][]string{
		80:   {"disk 80 %"},
		80.5: {"healthy: 80 % of the disk is in use. (ShowThing) Enlarge it.", "disk 80.5 %"},
		90.1: {"abnormal: 90 % of the disk is in use. (ShowThing) Enlarge it.", "disk 90.1 %"},
	} {
		var h providers.Health
		Fills(&h, "disk", percent, "ShowThing", "Enlarge it.")
		if d := cmp.Diff(want, told(&h)); d != "" {
			t.Errorf("%v: %s", percent, d)
		}
	}
}

// What only explains says nothing about the rest; without what is judged by, nobody
// can tell.
func TestUnseen(t *testing.T) {
	var h providers.Health
	Missed(&h, "The last job", errors.New("broken"))
	if h.Condition() != providers.Healthy {
		t.Errorf("the condition is %s", h.Condition())
	}
	Untold(&h, "Alarms", &providers.Error{Operation: "ListAlarms", Message: "not now", Advice: "Try again."})
	if d := cmp.Diff([]string{
		"healthy: The last job could not be looked at: broken () ", "unknown: Alarms could not be looked at: ListAlarms: not now (ListAlarms) Try again.",
	}, told(&h)); d != "" || h.Condition() != providers.Unknown {
		t.Errorf("%s %s", h.Condition(), d)
	}
}

// archive is a zip archive of certificates that end after so many days, by name.
func archive(t *testing.T, ends map[string]int, other map[string]string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	add := func(name string, content []byte) {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, days := range ends {
		c := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Duration(days)*24*time.Hour + time.Hour)}
		der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		add(name, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	for name, text := range other {
		add(name, []byte(text))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(packed.Bytes())
}

func TestValidity(t *testing.T) {
	for name, tt := range map[string]struct {
		archive   any
		condition providers.Condition
		days      float64 // -1: none is told
		symptoms  int
	}{
		"long":       {archive(t, map[string]int{"ca.crt": 3650, "user.pem": 365}, map[string]string{"README": "nothing", "key.pem": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}), providers.Healthy, 365, 0},
		"short":      {archive(t, map[string]int{"user.pem": 29}, nil), providers.Healthy, 29, 1},
		"over":       {archive(t, map[string]int{"ca.crt": 3650, "user.pem": -3}, nil), providers.Abnormal, -2, 1},
		"no archive": {"bm90IGEgemlw", providers.Healthy, -1, 0},
		"no base64":  {"*", providers.Healthy, -1, 0},
		"nothing":    {nil, providers.Healthy, -1, 0},
		"empty":      {archive(t, nil, map[string]string{"broken.pem": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}), providers.Healthy, -1, 0},
	} {
		var h providers.Health
		JudgeValidity(&h, tt.archive)
		days := -1.0
		if len(h.Figures) > 0 {
			days = h.Figures[0].Value
		}
		if h.Condition() != tt.condition || days != tt.days || len(h.Symptoms) != tt.symptoms {
			t.Errorf("%s: %v", name, told(&h))
		}
	}
}
