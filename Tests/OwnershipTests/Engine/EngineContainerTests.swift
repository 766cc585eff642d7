import JSON
import Testing

@testable import Ownership

/// Reads what an engine says of a container.
func container(_ json: String, labels: Set<String> = []) throws -> EngineContainer? {
    try JSONDocument(parsing: Array(json.utf8)).withRoot { EngineContainer(inspection: $0, labels: labels) }
}

/// An answer to an inspection.
func inspection(
    id: String = CgroupPlaceTests.id, name: String = "web", state: String = "running", started: String = "2026-11-22T16:24:39.5Z",
    restartCount: Int = 0, more: String = ""
) -> String {
    #"{"Id":"\#(id)","Name":"/\#(name)","RestartCount":\#(restartCount),"Image":"sha256:5203","State":{"Status":"\#(state)","Pid":21549,"#
        + #""StartedAt":"\#(started)","FinishedAt":"0001-01-01T00:00:00Z"\#(more)},"HostConfig":{},"Config":{"Image":"busybox:1"}}"#
}

@Suite struct EngineContainerTests {
    /// The members that Podman 4.3 has in the answer of its Docker-compatible API, as far as anybody could mind.
    private static let podman = #"""
        {"Id":"f45d1efb6a97acffd81b6b4f5d5fd37f91c10b042a32be232f60c1071f7f4451","Created":"2026-11-22T16:24:39.384331911Z","Path":"/bin/sleep",
        "State":{"Status":"running","Running":true,"Paused":false,"OOMKilled":false,"Pid":21549,"ExitCode":0,
        "StartedAt":"2026-11-22T16:24:39.652738834Z","FinishedAt":"0001-01-01T00:00:00Z","Health":{"Status":"","FailingStreak":0,"Log":null}},
        "Image":"sha256:52034b44954d908b95f8d104c7d66181ce39cee0669317f019804219e2a60667","Name":"/g3probe","RestartCount":0,
        "HostConfig":{"NetworkMode":"bridge","Runtime":"oci","Memory":0,"Devices":[],"DeviceRequests":null},
        "Config":{"Env":["PATH=/bin","TERM=xterm"],"Image":"localhost/martlet-busybox:1","Labels":{"a":"b","team":"x\ny"}}}
        """#

    @Test func `Podman's answer`() throws {
        let found = try #require(try container(Self.podman, labels: ["team", "none"]))
        #expect(found.name == "g3probe" && found.image == "localhost/martlet-busybox:1" && found.state == "running" && found.pid == 21549)
        #expect(found.startedAt == 1_795_364_679.652738834 && found.finishedAt == nil && found.exitCode == nil)
        #expect(found.health == "" && found.gpus == [] && found.networkMode == "bridge" && !found.isOOMKilled)
        #expect(found.labels == ["team": "x y"])
    }

    @Test(arguments: [
        ("2026-11-22T16:24:39Z", 1_795_364_679.0), ("2026-11-22T17:24:39.25+01:00", 1_795_364_679.25),
        ("2026-11-22T11:54:39-04:30", 1_795_364_679), ("2026-11-22T16:24:39", 1_795_364_679),
    ])
    func `moments`(_ text: String, _ seconds: Double) { #expect(EngineContainer.moment(text) == seconds) }

    @Test(arguments: ["", "0001-01-01T00:00:00Z", "2026-11-22", "2026-13-22T16:24:39Z", "2026-11-22T16:24:39+x", "T"])
    func `no moments`(_ text: String) { #expect(EngineContainer.moment(text) == nil) }

    static let cards: [(host: String, env: String, gpus: [String])] = [
        (#"{"DeviceRequests":[{"Driver":"","Count":-1,"DeviceIDs":null,"Capabilities":[["gpu"]]}]}"#, "", ["all"]),
        (
            #"{"DeviceRequests":[{"Count":0,"DeviceIDs":["0","GPU-7a"],"Capabilities":[["compute"],["gpu","utility"]]}]}"#, "",
            ["0", "GPU-7a"]
        ),
        (#"{"DeviceRequests":[{"Count":3,"Capabilities":[["gpu"]]}]}"#, "", ["0", "1", "2"]),
        (#"{"DeviceRequests":[{"Driver":"cdi","DeviceIDs":["nvidia.com/gpu=4","other.com/x=1"]}]}"#, "", ["4"]),
        (#"{"DeviceRequests":[{"Count":1,"Capabilities":[["tpu"]]}]}"#, "", []),
        (#"{"Devices":[{"PathOnHost":"/dev/nvidia3"},{"PathOnHost":"/dev/nvidiactl"},{"PathOnHost":"/dev/fuse"}]}"#, "", ["3"]),
        (#"{"Runtime":"nvidia"}"#, "NVIDIA_VISIBLE_DEVICES=0,GPU-1", ["0", "GPU-1"]),
        (#"{"Runtime":"nvidia"}"#, "NVIDIA_VISIBLE_DEVICES=void", []),
        // The variable of an image alone gives no card.
        (#"{"Runtime":"runc"}"#, "NVIDIA_VISIBLE_DEVICES=all", []),
        (#"{"DeviceRequests":[{"Count":1000000,"Capabilities":[["gpu"]]}]}"#, "", (0..<64).map(String.init)),
    ]

    @Test(arguments: cards) func `cards that a container was given`(_ example: (host: String, env: String, gpus: [String])) throws {
        let id = CgroupPlaceTests.id
        let found = try container(#"{"Id":"\#(id)","HostConfig":\#(example.host),"Config":{"Env":["SECRET=x","\#(example.env)"]}}"#)
        #expect(found?.gpus == example.gpus)
    }

    @Test(arguments: ["{}", "[]", #"{"Id":5}"#, #"{"Id":"../../etc/passwd"}"#, #"{"Id":"\#(String(repeating: "A", count: 64))"}"#])
    func `no container`(_ json: String) throws { #expect(try container(json) == nil) }

    @Test func `what an engine or an image may say to hurt`() throws {
        let long = String(repeating: "x", count: 5_000)
        let json =
            #"{"Id":"\#(CgroupPlaceTests.id)","Name":"/\#(long)\n","RestartCount":-7,"State":{"Status":"\#(long)","Pid":-1,"ExitCode":1e300},"#
            + #""Config":{"Image":"\#(long)","Labels":{"team":"\#(long)"}}}"#
        let found = try #require(try container(json, labels: ["team"]))
        #expect(found.name.utf8.count == 128 && found.image.utf8.count == 256 && found.state.utf8.count == 32)
        #expect(found.labels["team"]?.utf8.count == 128 && found.restartCount == 0 && found.pid == nil && found.exitCode == nil)
    }
}
