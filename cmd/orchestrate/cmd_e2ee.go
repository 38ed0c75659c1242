package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/providers/hbs"
)

// e2eeFormat is the version of the JSON of `e2ee encrypt`; see
// schemas/e2ee.schema.json.
const e2eeFormat = "1.0"

// e2eeOptions say how the plugin is reached, and as whom.
type e2eeOptions struct {
	endpoint     string
	config       string // zip archive or folder
	node         string // of type HBS.SdkConfig
	organization string
	serverName   string
	out          string
}

func newE2EE(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:     "e2ee COMMAND",
		Short:   "Encrypt messages between organizations of a chain, and decrypt them",
		Example: examples("orchestrate e2ee encrypt offer.txt --for trader-wqdlymvaq --endpoint https://192.0.2.20:30610 --config sdk.zip"),
	}
	c.AddCommand(newEncrypt(a), newDecrypt(a))
	return c
}

func (a *app) addE2EEFlags(c *cobra.Command, o *e2eeOptions) {
	a.addStackFlags(c)
	a.addCloudFlags(c)
	c.Flags().StringVar(&o.endpoint, "endpoint", "", "`URL` of the plugin: https, the IP of the service and the port of your organization, both from the console (default: the emulator that --cloud names)")
	c.Flags().StringVar(&o.config, "config", "", "client configuration of your organization: the zip archive, or the folder that it was unpacked to, at this `PATH`")
	c.Flags().StringVar(&o.node, "node", "", "`NODE` of the stack, of type HBS.SdkConfig, that keeps the client configuration")
	c.Flags().StringVar(&o.organization, "organization", "", "`ID` on the chain of your organization, where the client configuration holds several")
	c.Flags().StringVar(&o.serverName, "server-name", "", "`NAME` that the plugin's certificate bears, where that is not its address")
	c.Flags().StringVar(&o.out, "out", "", "write the result to this `FILE`, mode 0600, instead of standard output")
	c.MarkFlagsMutuallyExclusive("config", "node")
}

// e2eeHelp is what both commands say about how the plugin is reached.
const e2eeHelp = `
The plugin runs in the instance, at an address of its own. It lets in users of
organizations by their TLS certificates, which the client configuration holds: the
archive that the node type HBS.SdkConfig keeps (--node), or a file (--config). The
keys in it stay where they are, and messages are never logged.`

func newEncrypt(a *app) *cobra.Command {
	var o e2eeOptions
	var m hbs.Message
	var offChain, asJSON bool
	c := &cobra.Command{
		Use:   "encrypt [FILE] --for ORGANIZATION [options]",
		Short: "Encrypt a text for organizations of a chain",
		Long: `Encrypts the text of a file, or of standard input, for organizations of a chain of
HBS, which are named by their IDs on the chain ("cloud organizations" shows them),
and prints the ID of the transaction under which it stands on the chain. The text is
UTF-8; other data has to be encoded, as by base64. With --off-chain nothing is
written there, and the encrypted text is printed instead.
` + e2eeHelp,
		Example: examples(
			"orchestrate e2ee encrypt offer.txt --for trader-wqdlymvaq --endpoint https://192.0.2.20:30610 --config sdk.zip",
			"pass show offer | orchestrate e2ee encrypt --for trader-wqdlymvaq --for bank-fo2v7wpve --stack settlement --node clients --endpoint https://192.0.2.20:30610",
		),
		Args: cobra.MaximumNArgs(1),
	}
	a.addE2EEFlags(c, &o)
	c.Flags().StringSliceVar(&m.For, "for", nil, "`ID` on the chain of an organization that may read it; repeatable")
	c.Flags().BoolVar(&offChain, "off-chain", false, "print the encrypted text instead of writing it to the chain")
	c.Flags().BoolVar(&m.NewKey, "new-key", false, "let the organizations share a new key first")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return command(c, func(ctx context.Context, c *cobra.Command, args []string) error {
		if len(names(m.For)) == 0 {
			return usagef(c, "--for says who may read the message: name at least one organization, by its ID on the chain")
		}
		text, err := a.readMessage(c, args)
		if err != nil {
			return err
		}
		m.Text, m.ToChain = text, !offChain
		return a.withPlugin(ctx, c, o, func(p *hbs.E2EE) error {
			sealed, err := p.Encrypt(ctx, m)
			if err != nil {
				return err
			}
			return a.printEncrypted(o, sealed, asJSON)
		})
	})
}

func newDecrypt(a *app) *cobra.Command {
	var o e2eeOptions
	c := &cobra.Command{
		Use:   "decrypt TRANSACTION [options]",
		Short: "Decrypt a message that stands on a chain",
		Long: `Decrypts the message that a transaction has written to a chain of HBS, for an
organization that it is meant for, and prints it as it was encrypted.
` + e2eeHelp,
		Example: examples("orchestrate e2ee decrypt 1feda96b --out offer.txt --endpoint https://192.0.2.20:30611 --config sdk.zip"),
		Args:    cobra.ExactArgs(1),
	}
	a.addE2EEFlags(c, &o)
	return command(c, func(ctx context.Context, c *cobra.Command, args []string) error {
		if args[0] == "" {
			return usagef(c, "the ID of the transaction is empty")
		}
		return a.withPlugin(ctx, c, o, func(p *hbs.E2EE) error {
			text, err := p.Decrypt(ctx, args[0])
			if err != nil {
				return err
			}
			return a.printMessage(o, text)
		})
	})
}

// maxMessageBytes bounds what is read of a message.
const maxMessageBytes = 16 << 20

// readMessage reads the message from the file that is named, or from standard input.
func (a *app) readMessage(c *cobra.Command, args []string) (string, error) {
	in, name := a.in, "standard input"
	if len(args) > 0 && args[0] != "-" {
		f, err := os.Open(args[0])
		if err != nil {
			return "", exitCode{exitInvalid, fmt.Errorf("read the message: %w", err)}
		}
		defer f.Close()
		in, name = f, args[0]
	}
	if in == nil {
		return "", usagef(c, "give the FILE that holds the message")
	}
	if f, ok := in.(*os.File); ok && f == os.Stdin && a.mayAsk() {
		a.note("Type the message, and end it with Ctrl-D.")
	}
	text, err := io.ReadAll(io.LimitReader(in, maxMessageBytes+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("read the message: %w", err)
	case len(text) > maxMessageBytes:
		return "", fmt.Errorf("%s holds more than the %d MiB that a message may have", name, maxMessageBytes>>20)
	case len(text) == 0:
		return "", usagef(c, "%s holds nothing to encrypt", name)
	case !utf8.Valid(text):
		return "", usagef(c, "%s is no text in UTF-8: encode it first, as by base64", name)
	}
	return string(text), nil
}

// withPlugin connects to the plugin.
func (a *app) withPlugin(ctx context.Context, c *cobra.Command, o e2eeOptions, do func(*hbs.E2EE) error) error {
	identity, err := a.identity(ctx, c, o)
	if err != nil {
		return err
	}
	endpoint := o.endpoint
	if endpoint == "" {
		cloud, err := a.openCloud(ctx)
		if err != nil {
			return err
		}
		defer cloud.close()
		if endpoint = cloud.client.Endpoint(); endpoint == "" {
			return usagef(c, "--endpoint says where the plugin is: the console shows the IP of the service and the port of your organization")
		}
	}
	p, err := hbs.NewE2EE(hbs.E2EEConfig{Endpoint: endpoint, Identity: identity, ServerName: o.serverName, Dial: a.dial})
	if err != nil {
		return err
	}
	defer p.Close()
	return do(p)
}

// identity finds as whom the plugin is called; nil if nobody is named.
func (a *app) identity(ctx context.Context, c *cobra.Command, o e2eeOptions) (*hbs.Identity, error) {
	var files fs.FS
	var err error
	switch {
	case o.node != "":
		files, err = a.configOfNode(ctx, c, o.node)
	case o.config != "":
		if files, err = configAt(o.config); err != nil {
			err = exitCode{exitInvalid, err}
		}
	case o.organization != "":
		return nil, usagef(c, "--organization chooses from a client configuration: give one with --config or --node")
	default:
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return hbs.ReadIdentity(files, o.organization)
}

// configAt opens the client configuration at a path.
func configAt(path string) (fs.FS, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("open the client configuration: %w", err)
	}
	if info.IsDir() {
		return os.DirFS(path), nil
	}
	if info.Size() > maxMessageBytes {
		return nil, fmt.Errorf("%s is too large for a client configuration", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("open the client configuration: %w", err)
	}
	return unzipped(path, text)
}

func unzipped(name string, archive []byte) (fs.FS, error) {
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return nil, fmt.Errorf("%s is neither a folder nor a zip archive: %w", name, err)
	}
	return z, nil
}

// configOfNode opens the client configuration that a stack keeps.
func (a *app) configOfNode(ctx context.Context, c *cobra.Command, node string) (fs.FS, error) {
	st, err := a.lookAtStack(ctx)
	if err != nil {
		return nil, err
	}
	e := st.Elements[node]
	if e == nil {
		return nil, unknownNode(st, node)
	}
	if e.Type != "HBS.SdkConfig" {
		return nil, usagef(c, "--node: %s is of type %s, and HBS.SdkConfig keeps client configurations", node, e.Type)
	}
	attributes, _ := e.Attributes.Value.(map[string]any)
	text, _ := attributes["archive"].(string)
	if text == "" {
		return nil, fmt.Errorf("node %s of stack %s holds no client configuration that can be read: it is in phase %s, and what it keeps is sealed under the key of the state", node, st.Name, e.Phase)
	}
	archive, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("the archive that node %s keeps is damaged: %w", node, err)
	}
	return unzipped("what node "+node+" keeps", archive)
}

func (a *app) printEncrypted(o e2eeOptions, sealed hbs.Encrypted, asJSON bool) error {
	data := sealed.Data
	if data == nil {
		data = []string{}
	}
	if asJSON {
		text, err := json.MarshalIndent(object{"format_version": e2eeFormat, "transaction_id": sealed.Transaction, "data_to_chain": data}, "", "  ")
		if err != nil {
			return fmt.Errorf("encode result: %w", err)
		}
		return a.printMessage(o, string(text)+"\n")
	}
	lines := data
	if sealed.Transaction != "" {
		lines = append([]string{sealed.Transaction}, lines...)
	}
	return a.printMessage(o, strings.Join(lines, "\n")+"\n")
}

// printMessage writes a result to where it is wanted. A terminal gets nothing that
// could take it over.
func (a *app) printMessage(o e2eeOptions, text string) error {
	if o.out != "" {
		return writePrivate(o.out, []byte(text))
	}
	if a.out.isTerminal() {
		text = strings.Map(func(r rune) rune {
			if r == '\n' || r == '\t' {
				return r
			}
			return printable(r)
		}, text)
	}
	a.printf("%s", text)
	return nil
}
