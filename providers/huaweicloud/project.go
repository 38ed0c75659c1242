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

// project remembers the project that was looked up.
type project struct {
	turn chan struct{} // holds one: whoever looks it up
	id   atomic.Pointer[string]
}

// ProjectID returns the project of all calls: the one that is set, or else the
// only one that IAM lists under the region's name. It is looked up once. The
// SDK would send a literal {project_id} without one.
func (c *Client) ProjectID(ctx context.Context) (string, error) {
	if c.creds.ProjectID.IsSet() {
		return c.creds.ProjectID.Value(), nil
	}
	if id := c.project.id.Load(); id != nil {
		return *id, nil
	}
	select {
	case c.project.turn <- struct{}{}:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	defer func() { <-c.project.turn }()
	if id := c.project.id.Load(); id != nil {
		return *id, nil
	}
	id, err := c.lookUpProject(ctx)
	if err != nil {
		return "", err
	}
	c.project.id.Store(&id)
	return id, nil
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
