package huaweicloud

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/basic"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/global"
	"gopkg.in/ini.v1"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// Setting is one value and where it came from. A secret one is never printed.
type Setting struct {
	Source string // such as "environment variable HW_ACCESS_KEY"; "" if it is not set
	value  string
	secret bool
}

// Value returns the value, secret or not.
func (s Setting) Value() string { return s.value }

// IsSet reports whether a value was found.
func (s Setting) IsSet() bool { return s.value != "" }

// String returns the value, or a stand-in for a secret one.
func (s Setting) String() string {
	if s.secret && s.IsSet() {
		return "(sensitive value)"
	}
	return s.value
}

// GoString keeps %#v from showing a secret.
func (s Setting) GoString() string { return fmt.Sprintf("%q from %s", s.String(), s.Source) }

// Credentials say who calls, and for which project and region.
type Credentials struct {
	AccessKey, SecretKey, SecurityToken Setting
	ProjectID, DomainID, Region         Setting
}

// settingNames lists, per source, what each value is called there.
type settingNames struct {
	accessKey, secretKey, securityToken, projectID, domainID, region string
}

// The names in the environment, first choice first: those of the vendor's
// command line and Terraform provider, then those of its SDK.
var envNames = []settingNames{
	{"HW_ACCESS_KEY", "HW_SECRET_KEY", "HW_SECURITY_TOKEN", "HW_PROJECT_ID", "HW_DOMAIN_ID", "HW_REGION_NAME"},
	{"HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "HUAWEICLOUD_SDK_SECURITY_TOKEN", "HUAWEICLOUD_SDK_PROJECT_ID", "HUAWEICLOUD_SDK_DOMAIN_ID", "HUAWEICLOUD_SDK_REGION"},
}

// The keys of the SDK's profile file; region is ours.
var profileNames = settingNames{"ak", "sk", "security_token", "project_id", "domain_id", "region"}

// profileVariable names another profile file than the one in the user's home.
const profileVariable = "HUAWEICLOUD_SDK_CREDENTIALS_FILE"

// LookupCredentials collects credentials from the environment and then from
// the SDK's profile file. Access key, secret key and security token belong
// together, so all three come from the first source that has any of them; the
// other values come each from the first source that has it. The error says why
// the result cannot be used for a call.
func LookupCredentials(env func(string) string, home string, readFile func(string) ([]byte, error)) (Credentials, error) {
	var found Credentials
	for _, names := range envNames {
		found.add(names, func(name string) Setting {
			return Setting{Source: "environment variable " + name, value: env(name)}
		})
	}
	if found.complete() {
		return found, nil
	}
	section, path, err := profile(env, home, readFile)
	if err != nil && !found.AccessKey.IsSet() && !found.SecretKey.IsSet() {
		return found, err
	}
	if section != nil {
		found.add(profileNames, func(name string) Setting {
			return Setting{Source: fmt.Sprintf("%s, key %s", path, name), value: section.Key(name).String()}
		})
	}
	return found, found.usable()
}

// complete reports whether no further source can add anything.
func (c *Credentials) complete() bool {
	return c.usable() == nil && c.ProjectID.IsSet() && c.DomainID.IsSet() && c.Region.IsSet()
}

func (c *Credentials) add(names settingNames, get func(name string) Setting) {
	if !c.AccessKey.IsSet() && !c.SecretKey.IsSet() {
		c.AccessKey, c.SecretKey, c.SecurityToken = get(names.accessKey), get(names.secretKey), get(names.securityToken)
		c.SecretKey.secret, c.SecurityToken.secret = true, true
	}
	for _, s := range []struct {
		to   *Setting
		name string
	}{{&c.ProjectID, names.projectID}, {&c.DomainID, names.domainID}, {&c.Region, names.region}} {
		if !s.to.IsSet() {
			*s.to = get(s.name)
		}
	}
	for _, s := range []*Setting{&c.AccessKey, &c.SecretKey, &c.SecurityToken, &c.ProjectID, &c.DomainID, &c.Region} {
		if !s.IsSet() {
			s.Source = ""
		}
	}
}

func (c *Credentials) usable() error {
	switch {
	case c.AccessKey.IsSet() && c.SecretKey.IsSet():
		return nil
	case c.AccessKey.IsSet():
		return authError("there is an access key (" + c.AccessKey.Source + ") but no secret key beside it")
	case c.SecretKey.IsSet():
		return authError("there is a secret key (" + c.SecretKey.Source + ") but no access key beside it")
	}
	return authError("no credentials were found")
}

// profile reads the section of project credentials in the SDK's profile file.
// A file that does not exist gives nil unless the environment names it.
func profile(env func(string) string, home string, readFile func(string) ([]byte, error)) (*ini.Section, string, error) {
	path := env(profileVariable)
	named := path != ""
	if !named {
		if home == "" {
			return nil, "", nil
		}
		path = filepath.Join(home, ".huaweicloud", "credentials")
	}
	text, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return nil, path, nil
	}
	if err != nil {
		return nil, path, authError(fmt.Sprintf("the credentials file cannot be read: %v", err))
	}
	file, err := ini.Load(text)
	if err != nil {
		// The parser quotes the line it fails at, which may hold a key.
		return nil, path, authError("the credentials file " + path + " is not an ini file")
	}
	return file.Section("basic"), path, nil
}

// signer turns the credentials into what the SDK signs with. It is made anew
// for each call: the SDK's own form is not safe for concurrent use.
func (c *Credentials) signer(projectID string) (auth.ICredential, error) {
	b := basic.NewCredentialsBuilder().WithAk(c.AccessKey.value).WithSk(c.SecretKey.value).WithProjectId(projectID)
	if c.SecurityToken.IsSet() {
		b = b.WithSecurityToken(c.SecurityToken.value)
	}
	s, err := b.SafeBuild()
	if err != nil {
		return nil, authError("the SDK refuses the credentials")
	}
	return s, nil
}

// accountSigner is signer for calls about the account rather than a project.
func (c *Credentials) accountSigner(domainID string) (auth.ICredential, error) {
	b := global.NewCredentialsBuilder().WithAk(c.AccessKey.value).WithSk(c.SecretKey.value).WithDomainId(domainID)
	if c.SecurityToken.IsSet() {
		b = b.WithSecurityToken(c.SecurityToken.value)
	}
	s, err := b.SafeBuild()
	if err != nil {
		return nil, authError("the SDK refuses the credentials")
	}
	return s, nil
}

func authError(message string) error {
	return &providers.Error{
		Kind:    providers.Auth,
		Message: message,
		Advice:  "Set HW_ACCESS_KEY and HW_SECRET_KEY (with HW_SECURITY_TOKEN for temporary keys), HW_REGION_NAME and, if the region has several projects, HW_PROJECT_ID; or try without an account: --cloud local.",
	}
}

func noRegion() error {
	return &providers.Error{
		Kind:    providers.Auth,
		Message: "no region is set",
		Advice:  "Set HW_REGION_NAME, such as HW_REGION_NAME=cn-north-4.",
	}
}
