package emulator

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// apiError is a refusal in the vendor's terms. The service's errorShape gives
// it its JSON form.
type apiError struct {
	status     int
	code       string
	message    string
	retryAfter time.Duration // 0: no Retry-After header
}

// Error tells status, code and message.
func (e *apiError) Error() string {
	return fmt.Sprintf("HTTP %d %s %s", e.status, e.code, e.message)
}

// refuse makes a 400 with a service's code.
func refuse(code, format string, args ...any) *apiError {
	return &apiError{status: http.StatusBadRequest, code: code, message: fmt.Sprintf(format, args...)}
}

// withStatus is e under another HTTP status.
func (e *apiError) withStatus(status int) *apiError {
	c := *e
	c.status = status
	return &c
}

// asAPIError is err as the client shall see it: a refusal as it is, anything
// else as the service's plain 500, whose cause only the log tells.
func asAPIError(err error, s *service) *apiError {
	var refusal *apiError
	if errors.As(err, &refusal) {
		return refusal
	}
	return s.plain(http.StatusInternalServerError)
}

// The three shapes of error bodies. The SDK reads all of them.

// shapeErrorCode is the shape of BCS, IAM and the gateway: error_code, error_msg.
func shapeErrorCode(e *apiError, _ string) any {
	return map[string]string{"error_code": e.code, "error_msg": e.message}
}

// shapeCode is the shape of VPC and EIP: code, message.
func shapeCode(e *apiError, requestID string) any {
	if isGatewayCode(e.code) {
		return shapeGateway(e, requestID)
	}
	return map[string]string{"code": e.code, "message": e.message}
}

// shapeNested is the shape of ECS: error with code and message.
func shapeNested(e *apiError, requestID string) any {
	if isGatewayCode(e.code) {
		return shapeGateway(e, requestID)
	}
	return map[string]any{"error": map[string]string{"code": e.code, "message": e.message}}
}

// shapeGateway is the shape of the API gateway in front of every service.
func shapeGateway(e *apiError, requestID string) any {
	return map[string]string{"error_code": e.code, "error_msg": e.message, "request_id": requestID}
}

// isGatewayCode tells codes of the gateway from those of the service behind it.
func isGatewayCode(code string) bool { return strings.HasPrefix(code, "APIGW.") }

// gatewayError is what the gateway says for a status of its own.
func gatewayError(status int) *apiError {
	switch status {
	case http.StatusUnauthorized:
		return &apiError{status: status, code: "APIGW.0301", message: "Incorrect IAM authentication information"}
	case http.StatusForbidden:
		return &apiError{status: status, code: "APIGW.0302", message: "The IAM user is not authorized to access the API"}
	case http.StatusNotFound:
		return &apiError{status: status, code: "APIGW.0101", message: "The API does not exist or has not been published in the environment"}
	case http.StatusTooManyRequests:
		return &apiError{status: status, code: "APIGW.0308", message: "The throttling threshold has been reached"}
	}
	return &apiError{status: status, code: "APIGW.0106", message: http.StatusText(status)}
}
