// Runs Jaeger's own storage tests against a ledger. .ci/jaeger compiles this inside Jaeger's module,
// because the packages it needs are internal there.
package ledger

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configgrpc"
	"go.opentelemetry.io/collector/config/configtls"

	"github.com/jaegertracing/jaeger/internal/storage/integration"
	"github.com/jaegertracing/jaeger/internal/storage/v2/grpc"
	"github.com/jaegertracing/jaeger/internal/telemetry"
)

// places is where a ledger reads and takes spans: host:port.
type places struct {
	Reader string `json:"reader"`
	Writer string `json:"writer"`
}

// anew asks the test that started us for an empty ledger.
func anew(t *testing.T) places {
	answer, err := http.Post(os.Getenv("LEDGER_ANEW"), "", nil)
	require.NoError(t, err)
	defer answer.Body.Close()
	require.Equal(t, http.StatusOK, answer.StatusCode)
	var found places
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&found))
	return found
}

func client(endpoint string) configgrpc.ClientConfig {
	return configgrpc.ClientConfig{Endpoint: endpoint, TLS: configtls.ClientConfig{Insecure: true}}
}

// connect points the suite to an empty ledger, through the clients that Jaeger itself uses.
func connect(t *testing.T, suite *integration.StorageIntegration) {
	at := anew(t)
	config := grpc.Config{ClientConfig: client(at.Reader), Writer: client(at.Writer)}
	factory, err := grpc.NewFactory(context.Background(), config, telemetry.NoopSettings())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, factory.Close()) })
	suite.TraceReader, err = factory.CreateTraceReader()
	require.NoError(t, err)
	suite.TraceWriter, err = factory.CreateTraceWriter()
	require.NoError(t, err)
}

func TestLedger(t *testing.T) {
	suite := &integration.StorageIntegration{}
	suite.CleanUp = func(*testing.T) { connect(t, suite) }
	connect(t, suite)
	suite.RunSpanStoreTests(t)
}
