"""Take OTLP in over gRPC and HTTP, hand the bytes to the intake, answer when they are durable.

`grpc_server` and `http_server` are the two network doors; `otlp_json` and `inflate` bring a body to
protobuf bytes, `answers` says how every outcome looks on the wire, `guard` keeps web pages out.
"""
