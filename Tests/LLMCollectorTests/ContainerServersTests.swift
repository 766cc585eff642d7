import JSON
import Testing

@testable import LLMCollector
@testable import Ownership

@Suite("Servers in containers") struct ContainerServersTests {
    private static func container(
        _ image: String, labels: String = "{}", ports: String = "{}", networks: String = "{\"bridge\": {\"IPAddress\": \"172.17.0.2\"}}",
        mode: String = "bridge"
    ) throws -> EngineContainer {
        let id = String(repeating: "a", count: 64)
        let json = """
            {"Id": "\(id)", "Name": "/box", "State": {"Status": "running"}, "HostConfig": {"NetworkMode": "\(mode)"},
             "Config": {"Image": "\(image)", "Labels": \(labels)}, "NetworkSettings": {"Ports": \(ports), "Networks": \(networks)}}
            """
        return try #require(
            try JSONDocument(parsing: Array(json.utf8)).withRoot { EngineContainer(inspection: $0, labels: Set(ContainerServers.labels)) })
    }

    @Test("By image: the published port on loopback, else the container's own address")
    func images() throws {
        let published = "{\"8000/tcp\": [{\"HostIp\": \"0.0.0.0\", \"HostPort\": \"18000\"}], \"22/udp\": null}"
        let found = ContainerServers.target(try Self.container("docker.io/vllm/vllm-openai:v0.9.1", ports: published))
        #expect(
            found?.kind == "vllm" && found?.address.url == "http://127.0.0.1:18000" && found?.name == "box" && found?.origin == .container)
        #expect(ContainerServers.target(try Self.container("ollama/ollama"))?.address.url == "http://172.17.0.2:11434")
        #expect(ContainerServers.target(try Self.container("ollama/ollama", mode: "host"))?.address.url == "http://127.0.0.1:11434")
        let other = "{\"9000/tcp\": [{\"HostIp\": \"192.0.2.7\", \"HostPort\": \"9000\"}]}"
        #expect(
            ContainerServers.target(try Self.container("ghcr.io/ggml-org/llama.cpp:server", ports: other))?.address.url
                == "http://192.0.2.7:9000")
        #expect(ContainerServers.target(try Self.container("nginx", ports: published)) == nil)
        #expect(ContainerServers.target(try Self.container("evil/notollama/ollama-like")) == nil)
        #expect(ContainerServers.target(try Self.container("ollama/ollama", networks: "{}")) == nil)
    }

    @Test("By label: port, kind and name; none leaves it alone")
    func labels() throws {
        let all = "{\"martlet.llm.port\": \"7000\", \"martlet.llm.kind\": \"sglang\", \"martlet.llm.name\": \"chat\"}"
        let found = ContainerServers.target(try Self.container("mine", labels: all))
        #expect(
            found?.kind == "sglang" && found?.name == "chat" && found?.address.url == "http://172.17.0.2:7000" && found?.container == "box")
        #expect(ContainerServers.target(try Self.container("mine", labels: "{\"martlet.llm.port\": \"7000\"}"))?.kind == nil)
        #expect(ContainerServers.target(try Self.container("ollama/ollama", labels: "{\"martlet.llm.kind\": \"none\"}")) == nil)
        for port in ["0", "65536", "-1", "x", ""] {
            #expect(ContainerServers.target(try Self.container("mine", labels: "{\"martlet.llm.port\": \"\(port)\"}")) == nil)
        }
    }

    @Test("Triton's exposition is at a port of its own")
    func metricsPort() throws {
        let found = ContainerServers.target(try Self.container("nvcr.io/nvidia/tritonserver:24.01-py3"))
        #expect(found?.address.url == "http://172.17.0.2:8000" && found?.address.metricsURL == "http://172.17.0.2:8002/metrics")
    }
}
