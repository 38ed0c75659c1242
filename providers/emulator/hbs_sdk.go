package emulator

import (
	"fmt"
	"path"
	"strings"
)

// channelFast is the access mode that goes through an endpoint.
const channelFast = "HighPerformanceChannel"

// sdkRequest is the body of DownloadSdkConfigFile.
type sdkRequest struct {
	Path     string   `json:"cert_path"`
	WithCA   bool     `json:"download_ca"`
	Orgs     []string `json:"orgs"` // on the chain
	Mode     string   `json:"access_mode"`
	Endpoint string   `json:"endpoint_ip"`
}

// downloadSDKConfig answers DownloadSdkConfigFile (2.5.5.7): a file for the
// client of each organization, and its certificates. The same keys come each
// time.
func downloadSDKConfig(c *call) (reply, error) {
	i, err := c.cloudOf(kindHuaweiChain)
	if err != nil {
		return reply{}, err
	}
	var r sdkRequest
	if err := c.decode(&r); err != nil {
		return reply{}, err
	}
	if err := r.check(); err != nil {
		return reply{}, err
	}
	if err := i.built(); err != nil {
		return reply{}, err
	}
	var files []archiveFile
	for _, id := range r.Orgs {
		o := i.onChain(id)
		if o == nil {
			return reply{}, badParameter("orgs", "the organization "+id+" is not part of the instance")
		}
		keys, err := get[hbsAuthority](c.tx, kindHBSAuthority, o.UID)
		if err != nil {
			return reply{}, err
		}
		files = append(files, archiveFile{i.ChainID + "-" + id + "-sdk.yaml", r.config(i, o)})
		files = append(files, r.certificates(id, keys.CA)...)
	}
	return zipReply(pack(files, c.now))
}

func (r *sdkRequest) check() error {
	if err := checkCertPath(r.Path); err != nil {
		return err
	}
	switch {
	case len(r.Orgs) == 0:
		return badParameter("orgs", "must name at least one organization")
	case r.Mode == channelFast && r.Endpoint == "":
		return badParameter("endpoint_ip", "missing, but access_mode is "+channelFast)
	}
	return nil
}

// dir is where the certificates of an organization lie.
func (r *sdkRequest) dir(org string) string { return path.Join(r.Path, "orgcerts", org) }

// certificates are the files of an organization. Names in an archive are relative.
func (r *sdkRequest) certificates(org string, ca authority) []archiveFile {
	dir := strings.TrimPrefix(r.dir(org), "/") + "/"
	files := []archiveFile{
		{dir + "ca_tls.crt", ca.TLS.Cert},
		{dir + "user_sign.key", ca.User.Identity.Key},
		{dir + "user_sign.crt", ca.User.Identity.Cert},
		{dir + "user_tls.key", ca.User.TLS.Key},
		{dir + "user_tls.crt", ca.User.TLS.Cert},
	}
	if r.WithCA {
		files = append(files, archiveFile{dir + "ca.key", ca.Identity.Key}, archiveFile{dir + "ca.crt", ca.Identity.Cert})
	}
	return files
}

// config is the YAML file of a client.
func (r *sdkRequest) config(i *hbsInstance, o *hbsOrg) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	dir := r.dir(o.ChainID)
	line("# Client configuration of organization %s, made by the emulator.", o.Name)
	line("chain:")
	line("  id: %q", i.ChainID)
	line("  consensus: %q", i.Consensus)
	line("  sign_algorithm: %q", i.SignAlgorithm)
	line("  consensus_org: %q", i.leader().ChainID)
	line("client:")
	line("  org: %q", o.ChainID)
	line("  access_mode: %q", r.Mode)
	line("  identity:")
	line("    cert: %q", dir+"/user_sign.crt")
	line("    key: %q", dir+"/user_sign.key")
	line("  tls:")
	line("    ca: %q", dir+"/ca_tls.crt")
	line("    cert: %q", dir+"/user_tls.crt")
	line("    key: %q", dir+"/user_tls.key")
	line("orgs:")
	for n, other := range i.joined() {
		line("  %s:", other.ChainID)
		line("    name: %q", other.Name)
		line("    address: %q", r.address(n))
		line("    server_name: %q", other.ChainID)
	}
	return b.String()
}

// nodePort is where the first organization is reached; each has one of its own.
const nodePort = 30600

// address is where an organization is reached: from the internet, at an address
// that leads nowhere (RFC 5737), or through the endpoint.
func (r *sdkRequest) address(n int) string {
	host := "192.0.2.20"
	if r.Mode == channelFast {
		host = r.Endpoint
	}
	return fmt.Sprintf("%s:%d", host, nodePort+n)
}
