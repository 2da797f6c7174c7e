// Sends spans with a stock exporter and prints what became of them, as one line of JSON.
// node send.cjs (http|proto|grpc) URL (none|gzip) COUNT MARK
"use strict";

const {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} = require("@opentelemetry/sdk-trace");

function finishedSpans(count, mark) {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const tracer = provider.getTracer("otlp-conformance");
  for (let n = 0; n < count; n += 1) {
    const attributes = { "conformance.mark": mark, n, ratio: 0.5, ok: true, names: ["a", "b"] };
    const span = tracer.startSpan(`step ${n}`, { attributes });
    span.addEvent("progress", { done: n });
    span.end();
  }
  return exporter.getFinishedSpans();
}

const [kind, url, compression, count, mark] = process.argv.slice(2);
const { OTLPTraceExporter } = require(`@opentelemetry/exporter-trace-otlp-${kind}`);
const exporter = new OTLPTraceExporter({ url, compression });
exporter.export(finishedSpans(Number(count), mark), (result) => {
  console.log(JSON.stringify({ code: result.code, error: String(result.error ?? "") }));
  exporter.shutdown();
});
