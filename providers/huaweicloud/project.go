package huaweicloud

import (
	"context"
	"fmt"
	"sync/atomic"

	iam "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/iam/v3"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/iam/v3/model"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

var iamService = Service[*iam.IamClient]{Host: "iam", New: iam.NewIamClient, Global: true}

// lookedUp remembers an ID that was looked up.
type lookedUp struct {
	turn chan struct{} // holds one: whoever looks it up
	id   atomic.Pointer[string]
}

// get returns the ID, which the first call looks up and the others wait for.
func (l *lookedUp) get(ctx context.Context, look func(context.Context) (string, error)) (string, error) {
	if id := l.id.Load(); id != nil {
		return *id, nil
	}
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	defer func() { <-l.turn }()
	if id := l.id.Load(); id != nil {
		return *id, nil
	}
	id, err := look(ctx)
	if err != nil {
		return "", err
	}
	l.id.Store(&id)
	return id, nil
}

// ProjectID returns the project of all calls: the one that is set, or else the
// only one that IAM lists under the region's name. It is looked up once. The
// SDK would send a literal {project_id} without one.
func (c *Client) ProjectID(ctx context.Context) (string, error) {
	if c.creds.ProjectID.IsSet() {
		return c.creds.ProjectID.Value(), nil
	}
	return c.project.get(ctx, c.lookUpProject)
}

// DomainID returns the account of the credentials: the one that is set, or else
// the one that IAM knows them for. It is looked up once.
func (c *Client) DomainID(ctx context.Context) (string, error) {
	if c.creds.DomainID.IsSet() {
		return c.creds.DomainID.Value(), nil
	}
	return c.domain.get(ctx, c.lookUpDomain)
}

func (c *Client) lookUpDomain(ctx context.Context) (string, error) {
	answer, err := Read(ctx, c, iamService, "KeystoneListAuthDomains", (*iam.IamClient).KeystoneListAuthDomains, &model.KeystoneListAuthDomainsRequest{})
	if err != nil {
		return "", err
	}
	domains := Val(answer.Domains)
	if len(domains) != 1 {
		return "", &providers.Error{
			Kind:      providers.Auth,
			Operation: "KeystoneListAuthDomains",
			Message:   fmt.Sprintf("the credentials stand for %d accounts", len(domains)),
			Advice:    "Set HW_DOMAIN_ID to the ID of the account (console: My Credentials, API Credentials).",
		}
	}
	return domains[0].Id, nil
}

func (c *Client) lookUpProject(ctx context.Context) (string, error) {
	if c.credsErr != nil {
		return "", c.credsErr
	}
	region := c.Region()
	if region == "" {
		return "", noRegion()
	}
	answer, err := Read(ctx, c, iamService, "KeystoneListProjects", (*iam.IamClient).KeystoneListProjects, &model.KeystoneListProjectsRequest{Name: &region})
	if err != nil {
		return "", err
	}
	var ids []string
	if answer.Projects != nil {
		for _, p := range *answer.Projects {
			if p.Name == region {
				ids = append(ids, p.Id)
			}
		}
	}
	if len(ids) != 1 {
		return "", &providers.Error{
			Kind:      providers.Auth,
			Operation: "KeystoneListProjects",
			Message:   fmt.Sprintf("%d projects of the account are called %q", len(ids), region),
			Advice:    "Set HW_PROJECT_ID to the ID of the project (console: My Credentials, API Credentials), and check HW_REGION_NAME.",
		}
	}
	return ids[0], nil
}
