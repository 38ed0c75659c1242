package hbs_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/hbs"
	"github.com/orchestrate-tosca/orchestrate/providers/providertest"
)

// issued is a certificate with its key.
type issued struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// issue makes a certificate, signed by another one or by itself.
func issue(t *testing.T, name string, by *issued) *issued {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
		IsCA: by == nil, BasicConstraintsValid: true, DNSNames: []string{name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	parent, signer := template, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &issued{cert, key}
}

func (i *issued) pem(t *testing.T) (cert, key []byte) {
	t.Helper()
	der, err := x509.MarshalECPrivateKey(i.key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.cert.Raw}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
}

// configuration is an unpacked client configuration of one organization.
func configuration(t *testing.T, user, ca *issued) fstest.MapFS {
	t.Helper()
	cert, key := user.pem(t)
	root, _ := ca.pem(t)
	const folder = "opt/crypto/orgcerts/bank-abc/"
	return fstest.MapFS{folder + "user_tls.crt": {Data: cert}, folder + "user_tls.key": {Data: key}, folder + "ca_tls.crt": {Data: root}}
}

// callPlugin calls a plugin that answers as told, and lets in whom trusted has issued.
func callPlugin(t *testing.T, trusted, user, ca *issued, answer http.HandlerFunc) (*hbs.E2EE, func()) {
	t.Helper()
	cert, key := issue(t, "plugin", ca).pem(t)
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	clients := x509.NewCertPool()
	clients.AddCert(trusted.cert)
	server := httptest.NewUnstartedServer(answer)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients}
	server.StartTLS()
	t.Cleanup(server.Close)
	id, err := hbs.ReadIdentity(configuration(t, user, ca), "")
	if err != nil {
		t.Fatal(err)
	}
	p, err := hbs.NewE2EE(hbs.E2EEConfig{Endpoint: server.URL, Identity: id})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p, server.CloseClientConnections
}

// What a plugin answers, or does not, says what may have come of the message.
func TestE2EEAnswers(t *testing.T) {
	ca, others := issue(t, "ca", nil), issue(t, "others", nil)
	user := issue(t, "user", ca)
	var cut func()
	for name, c := range map[string]struct {
		trusted *issued
		answer  func(w http.ResponseWriter)
		offered bool // the message goes to the chain
		kind    providers.Kind
		says    string
	}{
		"well":             {ca, func(w http.ResponseWriter) { fmt.Fprint(w, `{"transaction_id":"t1","data_to_chain":null}`) }, true, "", ""},
		"not let in":       {others, nil, true, providers.Auth, "does not let in the certificate"},
		"echo":             {ca, func(w http.ResponseWriter) { refuse(w, 400, "no room for Canary-offer\x1b[1m") }, true, providers.Invalid, "no room for (sensitive value) [1m"},
		"refused":          {ca, func(w http.ResponseWriter) { refuse(w, 403, "no") }, true, providers.Auth, "HTTP 403 E2EE.1"},
		"throttled":        {ca, func(w http.ResponseWriter) { refuse(w, 429, "slow") }, true, providers.Throttled, "slow"},
		"failed":           {ca, func(w http.ResponseWriter) { refuse(w, 500, "oops") }, true, providers.Ambiguous, "oops"},
		"failed off chain": {ca, func(w http.ResponseWriter) { refuse(w, 500, "oops") }, false, providers.Unavail, "oops"},
		"another server":   {ca, func(w http.ResponseWriter) { w.WriteHeader(404) }, true, providers.Unexpected, "without a reason"},
		"redirection":      {ca, func(w http.ResponseWriter) { w.Header().Set("Location", "https://192.0.2.1/"); w.WriteHeader(307) }, true, providers.Unexpected, "HTTP 307"},
		"no JSON":          {ca, func(w http.ResponseWriter) { fmt.Fprint(w, "<html>") }, true, providers.Unexpected, "form"},
		"lost":             {ca, func(http.ResponseWriter) { cut() }, true, providers.Ambiguous, "did not answer"},
		"lost off chain":   {ca, func(http.ResponseWriter) { cut() }, false, providers.Unavail, "did not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			var got string
			p, close := callPlugin(t, c.trusted, user, ca, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				got = r.Method + " " + r.URL.Path + " " + string(body)
				c.answer(w)
			})
			cut = close
			sealed, err := p.Encrypt(t.Context(), hbs.Message{Text: "Canary-offer", For: []string{"trader-xyz"}, ToChain: c.offered})
			if c.kind == "" {
				if err != nil || sealed.Transaction != "t1" {
					t.Errorf("%+v, %v", sealed, err)
				}
				if want := `POST /v1/e2ee/org/encrypt {"message":"Canary-offer","target_org_ids":["trader-xyz"],"up_to_chain":true,"update_group_key":false}`; got != want {
					t.Errorf("sent %s", got)
				}
				return
			}
			if e := providertest.Failure(t, err); e.Kind != c.kind || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "Canary") {
				t.Errorf("%s: %v", e.Kind, err)
			}
		})
	}
}

func refuse(w http.ResponseWriter, status int, text string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error_code": "E2EE.1", "error_msg": text}) // a lost answer shows as such
}

// An identity is what the configuration has, and nothing that leads out of it.
func TestReadIdentity(t *testing.T) {
	ca := issue(t, "ca", nil)
	files := configuration(t, issue(t, "user", ca), ca)
	if id, err := hbs.ReadIdentity(files, ""); err != nil || id.Organization != "bank-abc" {
		t.Errorf("%+v, %v", id, err)
	}
	files["opt/crypto/orgcerts/bank-abc/user_tls.key"] = &fstest.MapFile{Data: make([]byte, 2<<20)}
	if _, err := hbs.ReadIdentity(files, "bank-abc"); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Error(err)
	}
	if _, err := hbs.ReadIdentity(fstest.MapFS{"user_tls.crt": {}}, ""); err == nil || !strings.Contains(err.Error(), "holds no orgcerts") {
		t.Error(err)
	}
}
