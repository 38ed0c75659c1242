package hbs

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// E2EE is the plugin of an instance that encrypts messages between organizations
// from end to end (API reference 2.5.11). It is no part of the service's API: it has
// an address of its own, and lets in the users of organizations by their TLS
// certificates instead of an account by its keys.
type E2EE struct {
	endpoint string
	client   *http.Client
}

// E2EEConfig says how a plugin is reached.
type E2EEConfig struct {
	// Endpoint is https://IP:PORT of the service and of the caller's organization,
	// as the console shows them.
	Endpoint string
	Identity *Identity // nil for an emulator, which lets everybody in
	// ServerName is the name in the plugin's certificate, where that is not the one
	// in Endpoint.
	ServerName string
	Timeout    time.Duration // of a call; 0 means 60 s
	// Dial makes connections; nil: over the network.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// NewE2EE returns the way to a plugin. Nothing is called yet.
func NewE2EE(cfg E2EEConfig) (*E2EE, error) {
	u, err := url.Parse(cfg.Endpoint)
	if err != nil || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		return nil, badPlugin("%q is not of the form https://IP:PORT", cfg.Endpoint)
	}
	loopback := u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback()
	switch {
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback):
		return nil, badPlugin("messages go over https only, and %s does not begin with it", cfg.Endpoint)
	case u.Scheme == "https" && cfg.Identity == nil:
		return nil, badPlugin("it lets in users of organizations only, and no certificate of one is given")
	}
	t := &http.Transport{DialContext: cfg.Dial, Proxy: http.ProxyFromEnvironment}
	if id := cfg.Identity; id != nil {
		t.TLSClientConfig = &tls.Config{Certificates: []tls.Certificate{id.certificate}, RootCAs: id.roots, ServerName: cfg.ServerName, MinVersion: tls.VersionTLS12}
	}
	timeout := cfg.Timeout
	if timeout == 0 {
		timeout = time.Minute
	}
	return &E2EE{u.Scheme + "://" + u.Host, &http.Client{
		Transport: t, Timeout: timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // a message goes nowhere else
	}}, nil
}

func badPlugin(format string, args ...any) error {
	return &providers.Error{
		Kind: providers.Invalid, Message: "the E2EE plugin can't be called: " + fmt.Sprintf(format, args...),
		Advice: "Give the IP of the service and the port of your organization, which the console shows, and the client configuration of the organization.",
	}
}

// Close closes the connections.
func (e *E2EE) Close() { e.client.CloseIdleConnections() }

// Message is what is encrypted, and for whom.
type Message struct {
	Text    string   `json:"message"`
	For     []string `json:"target_org_ids"` // organizations, by their IDs on the chain
	ToChain bool     `json:"up_to_chain"`    // the plugin writes the result there
	NewKey  bool     `json:"update_group_key"`
}

// Encrypted is what became of a message: it stands on the chain under the ID of a
// transaction, or is handed out for the caller to write there.
type Encrypted struct {
	Transaction string   `json:"transaction_id"`
	Data        []string `json:"data_to_chain"`
}

// Encrypt encrypts a message (EncryptMessageForOrgUser).
func (e *E2EE) Encrypt(ctx context.Context, m Message) (Encrypted, error) {
	var out Encrypted
	err := e.post(ctx, "EncryptMessageForOrgUser", "encrypt", m.ToChain || m.NewKey, m, &out)
	huaweicloud.Scrub(err, m.Text)
	return out, err
}

// Decrypt returns the text of a message that stands on the chain
// (DecryptMessageForOrgUser).
func (e *E2EE) Decrypt(ctx context.Context, transaction string) (string, error) {
	var out struct {
		Message *string `json:"message"`
	}
	err := e.post(ctx, "DecryptMessageForOrgUser", "decrypt", false, map[string]string{"transaction_id": transaction}, &out)
	if err == nil && out.Message == nil {
		err = huaweicloud.Senseless("DecryptMessageForOrgUser", "the plugin answered without a message")
	}
	if err != nil {
		return "", err
	}
	return *out.Message, nil
}

// maxMessageBytes bounds what a plugin's answer may take in memory.
const maxMessageBytes = 64 << 20

// post makes a call. changes is true if it may leave something on the chain, so that
// a lost answer leaves it open what came of it.
func (e *E2EE) post(ctx context.Context, operation, verb string, changes bool, body, out any) error {
	failed := &providers.Error{Operation: operation}
	text, err := json.Marshal(body)
	if err != nil {
		failed.Kind, failed.Err = providers.Unexpected, err
		return failed
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.endpoint+"/v1/e2ee/org/"+verb, bytes.NewReader(text))
	if err != nil {
		failed.Kind, failed.Err = providers.Unexpected, err
		return failed
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := e.client.Do(req)
	if err != nil {
		return unanswered(failed, changes, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxMessageBytes))
	if err != nil {
		return unanswered(failed, changes, err)
	}
	failed.Status, failed.RequestID = resp.StatusCode, resp.Header.Get("X-Request-Id")
	if resp.StatusCode != http.StatusOK {
		return refusedByPlugin(failed, changes, answer)
	}
	if err := json.Unmarshal(answer, out); err != nil {
		failed.Kind = providers.Unexpected
		failed.Message = "the answer does not have the form that the contract says"
		failed.Advice = "Check that the endpoint is the E2EE plugin."
		return failed
	}
	return nil
}

// unanswered tells a request that may have been carried out from one that was not.
func unanswered(failed *providers.Error, changes bool, err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // the operation says the same shorter
	}
	failed.Kind, failed.Message, failed.Err = providers.Unavail, "the plugin did not answer: "+err.Error(), err
	failed.Advice = "Check the endpoint, and that this machine may reach it."
	var dial *net.OpError
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.As(err, &untrusted):
		failed.Kind = providers.Auth
		failed.Message = "the plugin is not trusted: " + err.Error()
		failed.Advice = "Check the endpoint, and that the client configuration is that of the instance. Where the plugin bears another name than its address, give it with --server-name."
	case errors.As(err, &dial) && dial.Op == "dial":
	case strings.Contains(err.Error(), "remote error: tls"):
		failed.Kind = providers.Auth
		failed.Message = "the plugin does not let in the certificate: " + err.Error()
		failed.Advice = "Give the client configuration of an organization of the instance, and the port of the same organization."
	case changes:
		failed.Kind = providers.Ambiguous
		failed.Advice = "The message may stand on the chain: look at `cloud transactions` before you send it again."
	}
	return failed
}

func refusedByPlugin(failed *providers.Error, changes bool, answer []byte) error {
	var body struct {
		Code    string `json:"error_code"`
		Message string `json:"error_msg"`
	}
	_ = json.Unmarshal(answer, &body) // what is no JSON has no code
	failed.Code, failed.Message = body.Code, huaweicloud.OneLine(body.Message)
	switch {
	case failed.Status == http.StatusUnauthorized || failed.Status == http.StatusForbidden:
		failed.Kind = providers.Auth
	case failed.Status == http.StatusTooManyRequests:
		failed.Kind = providers.Throttled
	case failed.Status >= 500 && changes:
		failed.Kind = providers.Ambiguous
		failed.Advice = "The message may stand on the chain: look at `cloud transactions` before you send it again."
	case failed.Status >= 500:
		failed.Kind = providers.Unavail
	case failed.Status == http.StatusBadRequest:
		failed.Kind = providers.Invalid
	default:
		failed.Kind = providers.Unexpected
		failed.Advice = "Check that the endpoint is the E2EE plugin."
	}
	if failed.Message == "" {
		failed.Message = "the plugin refused without a reason"
	}
	return failed
}

// Identity is the TLS certificate of a user of an organization, and who vouches for
// the plugin.
type Identity struct {
	Organization string // its ID on the chain
	certificate  tls.Certificate
	roots        *x509.CertPool
}

// ReadIdentity takes an identity from a client configuration as HBS hands it out,
// packed or unpacked. organization may be "" if it holds one only.
func ReadIdentity(files fs.FS, organization string) (*Identity, error) {
	folders := map[string]string{}
	err := fs.WalkDir(files, ".", func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Name() == "user_tls.crt" && path.Base(path.Dir(path.Dir(p))) == "orgcerts" {
			folders[path.Base(path.Dir(p))] = path.Dir(p)
		}
		return err
	})
	if err != nil {
		return nil, badIdentity("it can't be read", err)
	}
	var known []string
	for org := range folders {
		known = append(known, org)
	}
	slices.Sort(known)
	switch {
	case len(known) == 0:
		return nil, badIdentity("it holds no orgcerts/ORGANIZATION/user_tls.crt", nil)
	case organization == "" && len(known) > 1:
		return nil, badIdentity("it holds several organizations, and one has to be named: "+strings.Join(known, ", "), nil)
	case organization == "":
		organization = known[0]
	case folders[organization] == "":
		return nil, badIdentity("it holds nothing of the organization "+organization+"; it holds "+strings.Join(known, ", "), nil)
	}
	return identityIn(files, organization, folders[organization])
}

func identityIn(files fs.FS, organization, folder string) (*Identity, error) {
	var parts [3][]byte
	for i, name := range []string{"user_tls.crt", "user_tls.key", "ca_tls.crt"} {
		text, err := readSmall(files, path.Join(folder, name))
		if err != nil {
			return nil, badIdentity(name+" can't be read", err)
		}
		parts[i] = text
	}
	certificate, err := tls.X509KeyPair(parts[0], parts[1])
	if err != nil {
		return nil, badIdentity("user_tls.crt and user_tls.key are no pair that can be used (keys of SM2 can't)", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(parts[2]) {
		return nil, badIdentity("ca_tls.crt holds no certificate", nil)
	}
	return &Identity{organization, certificate, roots}, nil
}

// maxPEMBytes is more than any certificate takes.
const maxPEMBytes = 1 << 20

func readSmall(files fs.FS, name string) ([]byte, error) {
	f, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxPEMBytes+1))
	if err == nil && len(text) > maxPEMBytes {
		err = errors.New("it is too long for a certificate")
	}
	return text, err
}

func badIdentity(why string, err error) error {
	message := "the client configuration can't be used: " + why
	if err != nil {
		message += ": " + err.Error()
	}
	return &providers.Error{Kind: providers.Invalid, Message: message, Err: err, Advice: "Give the archive that HBS.SdkConfig keeps, or that the console hands out, or the folder that it was unpacked to."}
}
