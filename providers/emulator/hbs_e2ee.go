package emulator

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

const kindE2EEGroup = "hbs.e2ee.group"

// e2eeContract is the name under which the plugin writes to the chain. No
// installed contract can have it, because of the hyphen.
const e2eeContract = "e2ee-plugin"

// e2eeGroup are organizations that may read the same messages, and the keys
// that they have shared: the last one is in use.
type e2eeGroup struct {
	ID       string
	Project  string
	Instance string
	Orgs     []string // on the chain, sorted
	Keys     [][]byte // AES-256
	Created  time.Time
}

func (g *e2eeGroup) object() Object {
	return Object{Kind: kindE2EEGroup, ID: g.ID, Project: g.Project, Parent: g.Instance, Name: g.name(), Created: g.Created}
}

// name tells the groups of an instance apart.
func (g *e2eeGroup) name() string { return strings.Join(g.Orgs, ",") }

// rotate makes the next key.
func (g *e2eeGroup) rotate() {
	key := make([]byte, 32)
	rand.Read(key)
	g.Keys = append(g.Keys, key)
}

// sealer is the cipher of a group's key.
func (g *e2eeGroup) sealer(key int) (cipher.AEAD, error) {
	if key < 0 || key >= len(g.Keys) {
		return nil, fmt.Errorf("the group %s has no key %d", g.ID, key)
	}
	b, err := aes.NewCipher(g.Keys[key])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(b)
}

// encryptMessage answers EncryptMessageForOrgUser (2.5.11.1).
func encryptMessage(c *call) (reply, error) {
	var body struct {
		Targets []string `json:"target_org_ids"`
		Message string   `json:"message"`
		ToChain *bool    `json:"up_to_chain"`
		Rotate  bool     `json:"update_group_key"`
	}
	if err := c.decode(&body); err != nil {
		return reply{}, err
	}
	i, err := c.instanceOfTargets(body.Targets)
	if err != nil {
		return reply{}, err
	}
	sender, err := c.caller(i, i.chainIDs())
	if err != nil {
		return reply{}, err
	}
	g, err := c.group(i, body.Targets)
	if err != nil {
		return reply{}, err
	}
	if body.Rotate || len(g.Keys) == 0 {
		g.rotate()
		if err := c.put(g); err != nil {
			return reply{}, err
		}
	}
	text, err := g.encrypt(body.Message)
	if err != nil {
		return reply{}, err
	}
	if body.ToChain != nil && !*body.ToChain {
		return answer(map[string]any{"transaction_id": "", "data_to_chain": []string{text}})
	}
	l, err := c.ledger(i)
	if err != nil {
		return reply{}, err
	}
	x := &chainTx{Type: txCommon, Org: sender, Contract: e2eeContract, Endorsers: []string{sender}, Writes: []string{write(g.writeKey(), text)}}
	l.add(c.now, x)
	if err := c.put(l); err != nil {
		return reply{}, err
	}
	return answer(map[string]any{"transaction_id": x.ID, "data_to_chain": nil})
}

// instanceOfTargets finds the newest instance that all organizations are part
// of. There is one plugin for all of them, where the service has one each.
func (c *call) instanceOfTargets(ids []string) (*hbsInstance, error) {
	if len(ids) == 0 {
		return nil, refuse(e2eeBadRequest, "Invalid parameter target_org_ids: must name at least one organization")
	}
	list, err := everyones[hbsInstance](c.tx, kindHBSInstance)
	if err != nil {
		return nil, err
	}
	newestFirst(list)
	for _, i := range list {
		outside := func(id string) bool { return i.onChain(id) == nil }
		if i.Built && i.Kind == kindHuaweiChain && !slices.ContainsFunc(ids, outside) {
			return i, nil
		}
	}
	return nil, refuse(e2eeNoTarget, "The organizations %s are not part of one chain.", strings.Join(ids, ", "))
}

func (i *hbsInstance) chainIDs() []string {
	ids := []string{}
	for _, o := range i.Orgs {
		ids = append(ids, o.ChainID)
	}
	return ids
}

// caller is the organization whose user calls: the one whose authority issued
// the client's TLS certificate. A client without TLS can't be told apart; it
// counts as the first one that may call.
func (c *call) caller(i *hbsInstance, allowed []string) (string, error) {
	for _, id := range allowed {
		o := i.onChain(id)
		if o == nil {
			continue
		}
		if c.peer == nil {
			return id, nil
		}
		keys, err := get[hbsAuthority](c.tx, kindHBSAuthority, o.UID)
		if err != nil {
			return "", err
		}
		ca, err := parseCertificate([]byte(keys.CA.TLS.Cert))
		if err != nil {
			return "", err
		}
		if c.peer.CheckSignatureFrom(ca) == nil {
			return id, nil
		}
	}
	return "", refuse(e2eeNoMessage, "The organization of the client's certificate has no access.")
}

// group finds the group of organizations, or makes it. It is stored with its
// first key.
func (c *call) group(i *hbsInstance, ids []string) (*e2eeGroup, error) {
	orgs := slices.Compact(slices.Sorted(slices.Values(ids)))
	found, err := c.groupNamed(i, strings.Join(orgs, ","))
	if err != nil || found != nil {
		return found, err
	}
	return &e2eeGroup{ID: newID(), Project: i.Project, Instance: i.ID, Orgs: orgs, Created: c.now}, nil
}

func (c *call) groupNamed(i *hbsInstance, name string) (*e2eeGroup, error) {
	list, err := children[e2eeGroup](c.tx, kindE2EEGroup, i.ID)
	if err != nil {
		return nil, err
	}
	for _, g := range list {
		if g.name() == name {
			return g, nil
		}
	}
	return nil, nil
}

// encrypt seals a message with the key in use.
func (g *e2eeGroup) encrypt(message string) (string, error) {
	s, err := g.sealer(len(g.Keys) - 1)
	if err != nil {
		return "", err
	}
	nonce := make([]byte, s.NonceSize())
	rand.Read(nonce)
	return base64.StdEncoding.EncodeToString(s.Seal(nonce, nonce, []byte(message), nil)), nil
}

// writeKey is under what a message stands on the chain: group, number of the key.
func (g *e2eeGroup) writeKey() string {
	return e2eeContract + "/" + g.name() + "/" + strconv.Itoa(len(g.Keys)-1)
}

// decrypt opens a message.
func (g *e2eeGroup) decrypt(key int, text string) (string, error) {
	s, err := g.sealer(key)
	if err != nil {
		return "", err
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(data) < s.NonceSize() {
		return "", fmt.Errorf("a message on the chain is damaged")
	}
	plain, err := s.Open(nil, data[:s.NonceSize()], data[s.NonceSize():], nil)
	return string(plain), err
}

// decryptMessage answers DecryptMessageForOrgUser (2.5.11.2).
func decryptMessage(c *call) (reply, error) {
	var body struct {
		ID string `json:"transaction_id"`
	}
	if err := c.decode(&body); err != nil {
		return reply{}, err
	}
	list, err := everyones[hbsInstance](c.tx, kindHBSInstance)
	if err != nil {
		return reply{}, err
	}
	newestFirst(list)
	for _, i := range list {
		l, err := c.ledger(i)
		if err != nil {
			return reply{}, err
		}
		if x, _ := l.transaction(body.ID); x != nil && x.Contract == e2eeContract {
			return c.openMessage(i, x)
		}
	}
	return reply{}, refuse(e2eeNoMessage, "The transaction %s holds no message.", body.ID)
}

// openMessage opens what a transaction holds, for those that it was meant for.
func (c *call) openMessage(i *hbsInstance, x *chainTx) (reply, error) {
	var key, text string
	if _, err := fmt.Sscanf(x.Writes[0], "key:%q value:%q", &key, &text); err != nil {
		return reply{}, fmt.Errorf("reading a message on the chain: %w", err)
	}
	parts := strings.Split(key, "/")
	g, err := c.groupNamed(i, parts[1])
	if err != nil {
		return reply{}, err
	}
	if g == nil {
		return reply{}, refuse(e2eeNoMessage, "The keys of the message are gone.")
	}
	if _, err := c.caller(i, g.Orgs); err != nil {
		return reply{}, err
	}
	n, err := strconv.Atoi(parts[2])
	if err != nil {
		return reply{}, fmt.Errorf("reading a message on the chain: %w", err)
	}
	plain, err := g.decrypt(n, text)
	if err != nil {
		return reply{}, err
	}
	return answer(map[string]string{"message": plain})
}
