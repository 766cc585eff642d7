import JSON

extension ReaderLine {
    /// The line with its end.
    var bytes: [UInt8] {
        var writer = JSONWriter(reservingBytes: 1024)
        writer.object { writer in
            switch self {
            case .hello(let hello): Self.write(hello, to: &writer)
            case .card(let sample): Self.write(sample, to: &writer)
            case .event(let event):
                writer.member("type", "event")
                writer.member("uuid", event.uuid)
                writer.member("xid", event.xid)
                writer.member("time", event.unixSeconds)
            case .calls(let counts):
                writer.member("type", "calls")
                writer.key("counts")
                writer.array { writer in
                    for count in counts {
                        writer.array { writer in
                            writer.string(count.call)
                            writer.integer(Int(count.code))
                            writer.integer(count.count)
                        }
                    }
                }
            case .stuck(let stuck):
                writer.member("type", "stuck")
                if let uuid = stuck.uuid { writer.member("uuid", uuid) }
                writer.member("call", stuck.call)
                writer.member("seconds", stuck.seconds)
            case .end(let code, let call):
                writer.member("type", "end")
                writer.member("code", Int(code))
                writer.member("call", call)
            }
        }
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    private static func write(_ hello: Hello, to writer: inout JSONWriter) {
        writer.member("type", "hello")
        writer.member("code", Int(hello.code))
        writer.member("reason", hello.reason)
        writer.member("driver", hello.driverVersion)
        writer.member("nvml", hello.nvmlVersion)
        writer.member("cuda", hello.cudaVersion)
        writer.key("cards")
        writer.array { writer in for uuid in hello.cards { writer.string(uuid) } }
        writer.member("count", hello.count)
        guard !hello.missing.isEmpty else { return }
        writer.key("missing")
        writer.array { writer in
            for card in hello.missing {
                writer.object { writer in
                    writer.member("index", card.index)
                    writer.member("uuid", card.uuid)
                    writer.member("bus", card.busID)
                    writer.member("name", card.name)
                    writer.member("condition", card.condition.rawValue)
                }
            }
        }
    }

    private static func write(_ sample: CardSample, to writer: inout JSONWriter) {
        let identity = sample.identity
        writer.member("type", "card")
        writer.member("uuid", identity.uuid)
        writer.member("index", identity.index)
        writer.member("name", identity.name)
        writer.member("bus", identity.busID)
        if let minor = identity.minorNumber { writer.member("minor", minor) }
        writer.member("mode", identity.virtualizationMode)
        writer.member("architecture", identity.architecture)
        writer.member("condition", sample.condition.rawValue)
        writer.key("facts")
        write(sample.facts.map { ($0.key.name, $0.value) }, to: &writer)
        if let processes = sample.processes {
            writer.key("processes")
            writer.array { writer in for process in processes { write(process, to: &writer) } }
        }
        writer.key("migs")
        writer.array { writer in for mig in sample.migs { write(mig, to: &writer) } }
        guard let vgpus = sample.vgpus else { return }
        writer.key("vgpus")
        writer.array { writer in for vgpu in vgpus { write(vgpu, to: &writer) } }
        writer.key("vgpu_max")
        write(sample.vgpuInstancesMax.map { ($0.key, $0.value) }, to: &writer)
    }

    /// By name, so that the same sample is the same line.
    private static func write(_ numbers: [(String, Double)], to writer: inout JSONWriter) {
        writer.object { writer in
            for (name, value) in numbers.sorted(by: { $0.0 < $1.0 }) {
                writer.key(text: name)
                writer.number(value)
            }
        }
    }

    private static func write(_ process: ProcessSample, to writer: inout JSONWriter) {
        writer.array { writer in
            writer.integer(process.pid)
            writer.integer((process.isCompute ? 1 : 0) + (process.isGraphics ? 2 : 0))
            writer.optional(process.memoryBytes)
            writer.optional(process.utilization)
            guard !process.instances.isEmpty else { return }
            writer.array { writer in
                for (instance, memory) in process.instances.sorted(by: { $0.key < $1.key }).prefix(processInstanceLimit) {
                    writer.array { writer in
                        writer.integer(instance)
                        writer.optional(memory)
                    }
                }
            }
        }
    }

    private static func write(_ mig: MIGSample, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("uuid", mig.uuid)
            writer.member("gi", mig.gpuInstance)
            writer.member("ci", mig.computeInstance)
            writer.member("profile", mig.profile)
            writer.optional("used", mig.memoryUsed)
            writer.optional("total", mig.memoryTotal)
            writer.key("activity")
            write(mig.activity.map { ($0.key, $0.value) }, to: &writer)
        }
    }

    private static func write(_ vgpu: VGPUSample, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("uuid", vgpu.uuid)
            writer.member("type", vgpu.type)
            writer.member("vm", vgpu.vm)
            writer.member("vm_is_uuid", vgpu.isVMUUID)
            writer.member("mdev", vgpu.mdevUUID)
            writer.member("driver", vgpu.guestDriver)
            if let license = vgpu.license { writer.member("license", license) }
            writer.optional("sm", vgpu.smUtilization)
            writer.optional("memory", vgpu.memoryUtilization)
            writer.optional("encoder", vgpu.encoderUtilization)
            writer.optional("decoder", vgpu.decoderUtilization)
            writer.optional("used", vgpu.framebufferUsed)
            writer.optional("total", vgpu.framebufferTotal)
            writer.optional("frames", vgpu.frameRateLimit)
        }
    }
}

extension JSONWriter {
    fileprivate mutating func optional(_ value: Double?) {
        if let value { number(value) } else { null() }
    }

    fileprivate mutating func optional(_ name: StaticString, _ value: Double?) {
        if let value { member(name, value) }
    }
}
