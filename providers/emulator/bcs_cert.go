package emulator

import (
	"archive/zip"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"path"
	"strings"
	"time"
)

const kindUserCertificate = "bcs.certificate"

const (
	certificateLife = 10 * 365 * 24 * time.Hour

	maxUploadBytes    = 30 << 10 // of a certificate archive (API 1.5.1.12)
	maxKeptPerOrg     = 100      // user certificates in security mode (API 1.5.1.11)
	maxUnpackedUpload = 1 << 20
)

// authority signs for one organisation: a CA for identities, one for TLS, and
// the administrator that comes with it. Keys and certificates are PEM.
type authority struct {
	Identity keyPair
	TLS      keyPair
	Admin    credential
	User     credential
}

// keyPair is a certificate and its key.
type keyPair struct{ Cert, Key string }

// credential is what one user holds.
type credential struct{ Identity, TLS keyPair }

// userCertificate remembers that a certificate was issued. What it opens is
// kept in security mode only.
type userCertificate struct {
	ID       string
	Project  string
	Instance string
	Org      string
	User     string
	Serial   string // hex; of the identity certificate
	Kept     bool   // security mode
	Issued   time.Time
	Frozen   bool      // asked for
	Since    time.Time // when Frozen takes effect
}

func (u *userCertificate) object() Object {
	return Object{Kind: kindUserCertificate, ID: u.ID, Project: u.Project, Parent: u.Instance, Name: u.Org + "/" + u.User, Created: u.Issued}
}

// newAuthority makes the keys of an organisation. They are ECDSA on P-256 also
// where sm2 was ordered, which the standard library cannot sign.
func newAuthority(org string, now time.Time) (authority, error) {
	var a authority
	var err error
	if a.Identity, err = selfSigned("ca."+org, org, now); err != nil {
		return a, err
	}
	if a.TLS, err = selfSigned("tlsca."+org, org, now); err != nil {
		return a, err
	}
	if a.Admin, err = a.credential("Admin", org, "admin", now); err != nil {
		return a, err
	}
	a.User, err = a.credential("User1", org, "client", now)
	return a, err
}

// credential issues an identity and a TLS certificate to a user.
func (a authority) credential(user, org, role string, now time.Time) (credential, error) {
	var c credential
	var err error
	name := pkix.Name{CommonName: user + "@" + org, Organization: []string{org}, OrganizationalUnit: []string{role}}
	if c.Identity, err = a.Identity.issue(&x509.Certificate{
		Subject: name, KeyUsage: x509.KeyUsageDigitalSignature,
	}, now); err != nil {
		return c, err
	}
	c.TLS, err = a.TLS.issue(&x509.Certificate{
		Subject: name, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}, now)
	return c, err
}

func selfSigned(name, org string, now time.Time) (keyPair, error) {
	return issue(&x509.Certificate{
		Subject:               pkix.Name{CommonName: name, Organization: []string{org}},
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature,
		IsCA:                  true,
		BasicConstraintsValid: true,
	}, nil, nil, now)
}

// issue signs a template with p's key.
func (p keyPair) issue(template *x509.Certificate, now time.Time) (keyPair, error) {
	cert, key, err := p.parse()
	if err != nil {
		return keyPair{}, err
	}
	return issue(template, cert, key, now)
}

func (p keyPair) parse() (*x509.Certificate, *ecdsa.PrivateKey, error) {
	cert, err := parseCertificate([]byte(p.Cert))
	if err != nil {
		return nil, nil, err
	}
	block, _ := pem.Decode([]byte(p.Key))
	if block == nil {
		return nil, nil, fmt.Errorf("a stored key is not PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, nil, fmt.Errorf("parsing a stored key: %w", err)
	}
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, nil, fmt.Errorf("a stored key is %T, not ECDSA", key)
	}
	return cert, ec, nil
}

func parseCertificate(text []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("a certificate is not PEM")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("parsing a certificate: %w", err)
	}
	return cert, nil
}

// issue signs a template for a new key; without a parent it signs itself.
func issue(template, parent *x509.Certificate, parentKey *ecdsa.PrivateKey, now time.Time) (keyPair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return keyPair{}, fmt.Errorf("making a key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return keyPair{}, fmt.Errorf("making a serial number: %w", err)
	}
	template.SerialNumber = serial
	template.NotBefore, template.NotAfter = now.UTC().Add(-5*time.Minute), now.UTC().Add(certificateLife)
	if parent == nil {
		parent, parentKey = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		return keyPair{}, fmt.Errorf("signing a certificate: %w", err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return keyPair{}, fmt.Errorf("encoding a key: %w", err)
	}
	return keyPair{
		Cert: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		Key:  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})),
	}, nil
}

// archiveFile is a file of an archive, or a folder if its name ends in "/".
type archiveFile struct{ name, text string }

// pack makes a zip archive.
func pack(files []archiveFile, now time.Time) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		header := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: now.UTC()}
		header.SetMode(0o600)
		if strings.HasSuffix(f.name, "/") {
			header.Method = zip.Store
			header.SetMode(0o700)
		}
		out, err := w.CreateHeader(header)
		if err == nil {
			_, err = io.WriteString(out, f.text)
		}
		if err != nil {
			return nil, fmt.Errorf("packing %s: %w", f.name, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("packing certificates: %w", err)
	}
	return b.Bytes(), nil
}

// userArchive is what a user gets: msp with its identity, tls with its
// connection, as Fabric's tools lay them out.
func (a authority) userArchive(user, org string, c credential, now time.Time) ([]byte, error) {
	file := user + "@" + org + "-cert.pem"
	admin := archiveFile{"msp/admincerts/", ""}
	if user == "Admin" {
		admin = archiveFile{"msp/admincerts/" + file, c.Identity.Cert}
	}
	return pack([]archiveFile{
		admin,
		{"msp/cacerts/ca." + org + "-cert.pem", a.Identity.Cert},
		{"msp/keystore/" + keyName(c.Identity.Key), c.Identity.Key},
		{"msp/signcerts/" + file, c.Identity.Cert},
		{"msp/tlscacerts/tlsca." + org + "-cert.pem", a.TLS.Cert},
		{"tls/ca.crt", a.TLS.Cert},
		{"tls/server.crt", c.TLS.Cert},
		{"tls/server.key", c.TLS.Key},
	}, now)
}

// keyName names a key file by its content, with Fabric's ending.
func keyName(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:]) + "_sk"
}

// caArchive is the authority itself.
func (a authority) caArchive(org string, now time.Time) ([]byte, error) {
	return pack([]archiveFile{
		{"ca/ca." + org + "-cert.pem", a.Identity.Cert},
		{"ca/" + keyName(a.Identity.Key), a.Identity.Key},
		{"tlsca/tlsca." + org + "-cert.pem", a.TLS.Cert},
		{"tlsca/" + keyName(a.TLS.Key), a.TLS.Key},
	}, now)
}

// downloadCertificates answers DownloadBlockchainCert (API 1.5.1.9). The same
// certificates come each time.
func downloadCertificates(c *call) (reply, error) {
	i, err := c.blockchain(bcsNotFound)
	if err != nil {
		return reply{}, err
	}
	if err := i.admit(c.tx, workCertificates); err != nil {
		return reply{}, err
	}
	name := c.query.Get("org_name")
	org := i.org(name)
	if name == "orderer" || name == i.Orderer.Name {
		org = &i.Orderer
	}
	if org == nil {
		return reply{}, errWrongOrg(name)
	}
	var file []byte
	switch c.query.Get("cert_type") {
	case "admin":
		file, err = org.CA.userArchive("Admin", org.Name, org.CA.Admin, c.now)
	case "user":
		file, err = org.CA.userArchive("User1", org.Name, org.CA.User, c.now)
	default: // ca, by the contract
		file, err = org.CA.caArchive(org.Name, c.now)
	}
	return reply{file: file}, err
}

// createUserCertificate answers CreateBlockchainCertByUserName (API 1.5.1.11).
func createUserCertificate(c *call) (reply, error) {
	i, org, err := c.certificateOrg()
	if err != nil {
		return reply{}, err
	}
	var body struct {
		SecurityMode bool `json:"security_mode"`
	}
	if err := c.decode(&body); err != nil {
		return reply{}, err
	}
	user := c.params["user_name"]
	if body.SecurityMode {
		if err := c.checkKept(i, org, user); err != nil {
			return reply{}, err
		}
	}
	cred, err := org.CA.credential(user, org.Name, "client", c.now)
	if err != nil {
		return reply{}, err
	}
	cert, err := parseCertificate([]byte(cred.Identity.Cert))
	if err != nil {
		return reply{}, err
	}
	if err := c.put(&userCertificate{
		ID: newID(), Project: c.project, Instance: i.ID, Org: org.Name, User: user,
		Serial: cert.SerialNumber.Text(16), Kept: body.SecurityMode, Issued: c.now,
	}); err != nil {
		return reply{}, err
	}
	file, err := org.CA.userArchive(user, org.Name, cred, c.now)
	return reply{file: file}, err
}

// certificateOrg finds the instance and the organisation of a path, ready for
// work on certificates.
func (c *call) certificateOrg() (*instance, *organization, error) {
	i, err := c.blockchain(bcsNotFound)
	if err != nil {
		return nil, nil, err
	}
	if err := i.admit(c.tx, workCertificates); err != nil {
		return nil, nil, err
	}
	org := i.org(c.params["org_name"])
	if org == nil {
		return nil, nil, errWrongOrg(c.params["org_name"])
	}
	return i, org, nil
}

// issued are the certificates of an organisation, oldest first.
func (c *call) issued(i *instance, org string) ([]*userCertificate, error) {
	list, err := children[userCertificate](c.tx, kindUserCertificate, i.ID)
	if err != nil {
		return nil, err
	}
	mine := []*userCertificate{}
	for _, u := range list {
		if u.Org == org {
			mine = append(mine, u)
		}
	}
	return mine, nil
}

// checkKept keeps the limits of security mode: one for each user name and 100
// for each organisation.
func (c *call) checkKept(i *instance, org *organization, user string) error {
	list, err := c.issued(i, org.Name)
	if err != nil {
		return err
	}
	kept := 0
	for _, u := range list {
		if !u.Kept {
			continue
		}
		kept++
		if u.User == user {
			return refuse(bcsCertificate, "Failed to generate the certificate: the user %s already has one in security mode.", user)
		}
	}
	if kept >= maxKeptPerOrg {
		return refuse(bcsCertificate, "Failed to generate the certificate: the organization already has %d in security mode.", maxKeptPerOrg)
	}
	return nil
}

// freezeCertificate answers FreezeCert and UnfreezeCert (API 1.5.1.12, 13).
// Without a file it is about the certificate that the service keeps; asking
// twice does no harm.
func freezeCertificate(c *call, frozen bool) (reply, error) {
	i, org, err := c.certificateOrg()
	if err != nil {
		return reply{}, err
	}
	serial, err := c.uploadedSerial(org)
	if err != nil {
		return reply{}, err
	}
	list, err := c.issued(i, org.Name)
	if err != nil {
		return reply{}, err
	}
	user := c.params["user_name"]
	for _, u := range list {
		if u.User != user || serial == "" && !u.Kept || serial != "" && u.Serial != serial {
			continue
		}
		if u.Frozen != frozen {
			u.Frozen, u.Since = frozen, c.ends(takesCertificate)
			if err := c.put(u); err != nil {
				return reply{}, err
			}
		}
		return answer(map[string]string{"result": "success"})
	}
	if serial == "" {
		return reply{}, badParameter("file", "missing, and the service keeps no certificate of this user")
	}
	return reply{}, badParameter("user_name", "no such certificate was issued")
}

// uploadedSerial is the serial number of the certificate in the uploaded
// archive; "" if nothing was uploaded.
func (c *call) uploadedSerial(org *organization) (string, error) {
	if len(c.body) == 0 {
		return "", nil
	}
	archive, err := c.upload("file")
	if err != nil {
		return "", err
	}
	if len(archive) > maxUploadBytes {
		return "", badParameter("file", "longer than 30 KB")
	}
	text, err := signCert(archive)
	if err != nil {
		return "", badParameter("file", err.Error())
	}
	cert, err := parseCertificate(text)
	if err != nil {
		return "", badParameter("file", "the certificate in it cannot be read")
	}
	ca, err := parseCertificate([]byte(org.CA.Identity.Cert))
	if err != nil {
		return "", err
	}
	if cert.CheckSignatureFrom(ca) != nil {
		return "", badParameter("file", "the certificate in it is not of this organization")
	}
	return cert.SerialNumber.Text(16), nil
}

// upload is a file of a multipart body.
func (c *call) upload(field string) ([]byte, error) {
	_, params, err := mime.ParseMediaType(c.header.Get("Content-Type"))
	if err != nil || params["boundary"] == "" {
		return nil, refuse(bcsBadRequest, "Invalid request information: the body has no boundary")
	}
	r := multipart.NewReader(bytes.NewReader(c.body), params["boundary"])
	for {
		part, err := r.NextPart()
		if err != nil {
			return nil, badParameter(field, "missing")
		}
		if part.FormName() != field {
			continue
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return nil, badParameter(field, "cut off")
		}
		return data, nil
	}
}

// signCert finds the certificate in msp/signcerts of an archive.
func signCert(archive []byte) ([]byte, error) {
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return nil, fmt.Errorf("not a zip archive")
	}
	for _, f := range r.File {
		if path.Base(path.Dir(f.Name)) != "signcerts" || strings.HasSuffix(f.Name, "/") {
			continue
		}
		in, err := f.Open()
		if err != nil {
			return nil, fmt.Errorf("the archive is damaged")
		}
		defer in.Close()
		text, err := io.ReadAll(io.LimitReader(in, maxUnpackedUpload))
		if err != nil {
			return nil, fmt.Errorf("the archive is damaged")
		}
		return text, nil
	}
	return nil, fmt.Errorf("the archive has no msp/signcerts")
}

// forgetCertificates drops what a deleted instance issued.
func (c *call) forgetCertificates(i *instance) error {
	list, err := children[userCertificate](c.tx, kindUserCertificate, i.ID)
	if err != nil {
		return err
	}
	for _, u := range list {
		if err := c.remove(u); err != nil {
			return err
		}
	}
	return nil
}
