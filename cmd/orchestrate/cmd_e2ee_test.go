package main

import (
	"archive/zip"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/schemas"
)

// corporation is a chain whose organizations have client configurations.
const corporation = `tosca_definitions_version: cloud_tosca_version_1_0
node_templates:
  chain:
    type: Cloud.HBS.Instance
    properties:
      name: chain
      edition: Enterprise
      dataManagement: Cloud
      orgs: [{name: bank}, {name: trader}]
      orgOrderInfo: {periodType: 2, periodNum: 1}
      payOrder: true
  bank:
    type: Cloud.HBS.SdkConfig
    properties: {instanceId: {get_reference: chain}, organizationNames: [bank], certPath: crypto}
  both:
    type: Cloud.HBS.SdkConfig
    properties: {instanceId: {get_reference: chain}, organizationNames: [bank, trader], certPath: crypto}
  bank-file:
    type: Orchestrate.File
    properties: {path: bank.zip, content: {get_attribute: [bank, archive]}, encoding: base64}
  both-file:
    type: Orchestrate.File
    properties: {path: both.zip, content: {get_attribute: [both, archive]}, encoding: base64}
`

// plugin is an E2EE plugin that tells its callers by their certificates.
type plugin struct {
	*account
	tls *httptest.Server
	ids map[string]string // of organizations on the chain
}

func newPlugin(t *testing.T) *plugin {
	t.Helper()
	p := &plugin{account: newAccount(t), ids: map[string]string{}}
	t.Chdir(t.TempDir())
	if err := os.WriteFile("blueprint.yaml", []byte(corporation), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := p.run("apply", "-y"); code != 0 {
		t.Fatalf("apply ends with %d:\n%s", code, errs)
	}
	_, out, _ := p.run("cloud", "organizations", "--json")
	var doc struct {
		Items []struct {
			Name string `json:"name"`
			ID   string `json:"chain_org_id"`
		} `json:"items"`
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatal(err)
	}
	for _, o := range doc.Items {
		p.ids[o.Name] = o.ID
	}
	p.tls = httptest.NewUnstartedServer(p.cloud)
	p.tls.Config.ErrorLog = log.New(io.Discard, "", 0)
	p.tls.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	p.tls.StartTLS()
	t.Cleanup(p.tls.Close)
	for _, name := range []string{"bank.zip", "both.zip"} {
		p.trust(t, name)
	}
	return p
}

// trust writes a copy of a client configuration that vouches for the plugin of the
// test, whose certificate nobody of the chain has issued.
func (p *plugin) trust(t *testing.T, name string) {
	t.Helper()
	r, err := zip.OpenReader(name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		if path.Base(f.Name) == "ca_tls.crt" {
			text = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.tls.Certificate().Raw})
		}
		for _, to := range []func(string) (io.Writer, error){w.Create, func(name string) (io.Writer, error) {
			name = filepath.Join("unpacked", name)
			if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
				return nil, err
			}
			return os.Create(name)
		}} {
			dst, err := to(f.Name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := dst.Write(text); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("trusting-"+name, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A message goes from one organization to another, and to nobody else; it is not
// told on the way.
func TestE2EE(t *testing.T) {
	p := newPlugin(t)
	const secret = "Canary-offer: 42 \u00fc\u20ac\n<&>"
	if err := os.WriteFile("offer.txt", []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	asBank := []string{"--endpoint", p.tls.URL, "--config", "trusting-bank.zip", "--log", "debug"}
	asTrader := []string{"--endpoint", p.tls.URL, "--config", "unpacked", "--organization", p.ids["trader"], "--log", "debug"}
	code, out, errs := p.run(append([]string{"e2ee", "encrypt", "offer.txt", "--for", p.ids["trader"]}, asBank...)...)
	tx := strings.TrimSuffix(out, "\n")
	if code != 0 || len(tx) != 64 {
		t.Fatalf("encrypt ends with %d: %q\n%s", code, out, errs)
	}
	if strings.Contains(errs, "Canary") {
		t.Errorf("the message is told:\n%s", errs)
	}
	code, out, errs = p.run(append([]string{"e2ee", "decrypt", tx}, asTrader...)...)
	if code != 0 || out != secret {
		t.Errorf("decrypt ends with %d: %q\n%s", code, out, errs)
	}
	code, out, errs = p.run(append([]string{"e2ee", "decrypt", tx, "--out", "got.txt"}, asTrader...)...)
	if got, err := os.ReadFile("got.txt"); code != 0 || out != "" || err != nil || string(got) != secret {
		t.Errorf("decrypt to a file ends with %d: %q %q %v\n%s", code, out, got, err, errs)
	}
	if info, err := os.Stat("got.txt"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v, %v", info.Mode(), err)
	}
	code, out, errs = p.run(append([]string{"e2ee", "decrypt", tx}, asBank...)...)
	if code != 1 || out != "" || !strings.Contains(errs, "E2EE.4000003") {
		t.Errorf("who it is not for: exit %d: %q\n%s", code, out, errs)
	}
	_, txs, _ := p.run("cloud", "transactions", "--instance", "chain", "--id", tx, "--json")
	if strings.Contains(txs, "Canary") || !strings.Contains(txs, "e2ee-plugin") {
		t.Errorf("the transaction is\n%s", txs)
	}
}

// What is handed out instead of being written to the chain.
func TestE2EEOffChain(t *testing.T) {
	p := newPlugin(t)
	schema, err := schemas.Named("e2ee")
	if err != nil {
		t.Fatal(err)
	}
	in := writeFile(t, "m.txt", "hello")
	// A plugin without TLS is one on this machine: the emulator that --cloud names.
	code, out, errs := p.run("e2ee", "encrypt", in, "--for", p.ids["trader"]+","+p.ids["bank"], "--off-chain", "--new-key", "--json")
	var doc struct {
		Data []string `json:"data_to_chain"`
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil || code != 0 || len(doc.Data) != 1 {
		t.Fatalf("exit %d, %v: %s%s", code, err, out, errs)
	}
	for _, x := range schema.Validate(plainJSON(t, json.RawMessage(out))) {
		t.Errorf("%s: %s", x.Pointer, x.Message)
	}
	code, out, _ = p.run("e2ee", "encrypt", in, "--for", p.ids["trader"], "--off-chain", "--out", "sealed")
	sealed, err := os.ReadFile("sealed")
	if code != 0 || out != "" || err != nil || len(sealed) < 20 {
		t.Errorf("exit %d: %q %q, %v", code, out, sealed, err)
	}
	code, out, errs = p.run("e2ee", "encrypt", in, "--for", p.ids["trader"])
	if code != 0 || len(out) != 65 {
		t.Errorf("exit %d: %q\n%s", code, out, errs)
	}
	code, out, _ = p.run("e2ee", "decrypt", strings.TrimSpace(out))
	if code != 0 || out != "hello" {
		t.Errorf("exit %d: %q", code, out)
	}
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// What is wrong with a command line, a configuration or a plugin is told, and never
// with the message.
func TestE2EEThatFails(t *testing.T) {
	p := newPlugin(t)
	writeFile(t, "m.txt", "Canary-message")
	writeFile(t, "empty.txt", "")
	writeFile(t, "binary", "\xff\xfe\x00")
	writeFile(t, "no.zip", "PK?")
	gone := httptest.NewServer(nil)
	gone.Close()
	broken := filepath.Join("broken", "orgcerts", "bank-1")
	if err := os.MkdirAll(broken, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"user_tls.crt", "user_tls.key", "ca_tls.crt"} {
		writeFile(t, filepath.Join(broken, name), "-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n")
	}
	mtls := []string{"--endpoint", p.tls.URL, "--for", p.ids["trader"]}
	for name, c := range map[string]struct {
		args []string
		code int
		err  string
	}{
		"for nobody":             {[]string{"encrypt", "m.txt"}, 3, "name at least one organization"},
		"for a name without one": {[]string{"encrypt", "m.txt", "--for", ","}, 3, "name at least one organization"},
		"for a stranger":         {[]string{"encrypt", "m.txt", "--for", "stranger-1"}, 1, "E2EE.4000002"},
		"no file":                {[]string{"encrypt", "none.txt", "--for", "x"}, 3, "none.txt"},
		"an empty file":          {[]string{"encrypt", "empty.txt", "--for", "x"}, 3, "holds nothing to encrypt"},
		"no text":                {[]string{"encrypt", "binary", "--for", "x"}, 3, "no text in UTF-8"},
		"no transaction":         {[]string{"decrypt", "abc"}, 1, "E2EE.4000003"},
		"plain http elsewhere":   {[]string{"encrypt", "m.txt", "--for", "x", "--endpoint", "http://192.0.2.1:1"}, 1, "over https only"},
		"no endpoint":            {[]string{"encrypt", "m.txt", "--for", "x", "--cloud", "huaweicloud"}, 3, "--endpoint says where the plugin is"},
		"a path":                 {[]string{"decrypt", "abc", "--endpoint", "https://192.0.2.1/x", "--config", "bank.zip"}, 1, "not of the form"},
		"no certificate":         {append([]string{"encrypt", "m.txt"}, mtls...), 1, "no certificate of one is given"},
		"a CA of others":         {append([]string{"encrypt", "m.txt", "--config", "bank.zip"}, mtls...), 7, "the plugin is not trusted"},
		"another name":           {append([]string{"encrypt", "m.txt", "--config", "trusting-bank.zip", "--server-name", "other"}, mtls...), 7, "--server-name"},
		"which organization":     {append([]string{"encrypt", "m.txt", "--config", "both.zip"}, mtls...), 1, "one has to be named: " + p.ids["bank"] + ", " + p.ids["trader"]},
		"not that organization":  {append([]string{"encrypt", "m.txt", "--config", "bank.zip", "--organization", "x-1"}, mtls...), 1, "holds nothing of the organization x-1"},
		"no archive":             {append([]string{"encrypt", "m.txt", "--config", "no.zip"}, mtls...), 3, "neither a folder nor a zip archive"},
		"no configuration":       {append([]string{"encrypt", "m.txt", "--config", "none"}, mtls...), 3, "open the client configuration"},
		"an empty folder":        {append([]string{"encrypt", "m.txt", "--config", "."}, mtls...), 1, "one has to be named"},
		"a broken certificate":   {append([]string{"encrypt", "m.txt", "--config", "broken"}, mtls...), 1, "no pair that can be used"},
		"another node":           {append([]string{"encrypt", "m.txt", "--node", "chain"}, mtls...), 3, "of type HBS.Instance"},
		"no node":                {append([]string{"encrypt", "m.txt", "--node", "bnk"}, mtls...), 1, `Did you mean "bank"?`},
		"a node":                 {append([]string{"encrypt", "m.txt", "--node", "bank"}, mtls...), 7, "the plugin is not trusted"},
		"both":                   {append([]string{"encrypt", "m.txt", "--node", "bank", "--config", "x"}, mtls...), 3, "[config node]"},
		"nobody there":           {[]string{"encrypt", "m.txt", "--for", "x", "--endpoint", gone.URL}, 1, "did not answer"},
		"nowhere to write":       {[]string{"encrypt", "m.txt", "--for", p.ids["bank"], "--out", "none/x"}, 1, "write none/x"},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errs := p.run(append([]string{"e2ee"}, c.args...)...)
			if code != c.code || !strings.Contains(errs, c.err) || out != "" {
				t.Errorf("exit %d, want %d with %q: %q\n%s", code, c.code, c.err, out, errs)
			}
			if strings.Contains(errs, "Canary") {
				t.Errorf("the message is told:\n%s", errs)
			}
		})
	}
	t.Run("an outcome that is not known", func(t *testing.T) {
		p.bad["EncryptMessageForOrgUser"] = 500
		code, _, errs := p.run("e2ee", "encrypt", "m.txt", "--for", p.ids["bank"])
		if code != 1 || !strings.Contains(errs, "look at `cloud transactions` before you send it again") {
			t.Errorf("exit %d:\n%s", code, errs)
		}
	})
}
