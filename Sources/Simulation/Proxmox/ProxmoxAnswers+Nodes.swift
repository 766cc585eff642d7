import JSON

/// What nodes say of themselves.
extension ProxmoxAnswers {
    /// The model that every node is built with.
    static let processor = "AMD EPYC 9354P 32-Core Processor"
    private static let processorFlags =
        "fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 ht syscall nx mmxext fxsr_opt "
        + "pdpe1gb rdtscp lm constant_tsc rep_good nopl nonstop_tsc cpuid aperfmperf rapl pni pclmulqdq monitor ssse3 fma cx16 pcid sse4_1 "
        + "sse4_2 x2apic movbe popcnt aes xsave avx f16c rdrand lahf_lm cmp_legacy svm"

    /// /nodes
    func nodes() -> [UInt8] {
        document(reservingBytes: 256 + inventory.nodes.count * 384) { json in
            json.array { json in
                for view in world.views(at: moment) {
                    json.object { json in
                        if rights.audit(node: view.node.name) {
                            writeNodeMembers(view, into: &json)
                        } else {
                            writeBareNode(view, into: &json)
                        }
                        json.member("ssl_fingerprint", view.node.fingerprint)
                    }
                }
            }
        }
    }

    /// /nodes/N/status, of a node that is on.
    func nodeStatus(_ view: NodeView) -> [UInt8] {
        let node = view.node
        let reading = world.reading(of: node, at: moment, bootedAt: view.bootedAt)
        let load = world.load(of: node, at: moment, bootedAt: view.bootedAt)
        return document(reservingBytes: 2048) { json in
            json.object { json in
                json.member("uptime", Int(reading.uptimeSeconds))
                json.member("cpu", reading.cpu)
                json.member("wait", reading.ioWait)
                json.member("idle", 0)
                json.key("loadavg")
                json.array { json in
                    for average in [load.one, load.five, load.fifteen] { json.string(hundredthsText(Int((average * 100).rounded()))) }
                }
                json.key("memory")
                json.object { json in
                    json.member("total", node.memoryBytes)
                    json.member("used", reading.memoryUsedBytes)
                    json.member("free", reading.memoryFreeBytes)
                    if inventory.release.tellsPressure { json.member("available", reading.memoryAvailableBytes) }
                }
                json.key("swap")
                json.object { json in
                    json.member("total", node.swapBytes)
                    json.member("used", reading.swapUsedBytes)
                    json.member("free", node.swapBytes - reading.swapUsedBytes)
                }
                json.key("rootfs")
                json.object { json in
                    json.member("total", node.rootBytes)
                    json.member("used", reading.rootUsedBytes)
                    json.member("free", node.rootBytes - reading.rootUsedBytes)
                    json.member("avail", Self.rootAvailableBytes(node, reading))
                }
                json.key("ksm")
                json.object { $0.member("shared", reading.sharedBytes) }
                writeProcessor(node, into: &json)
                writeSystem(node, into: &json)
            }
        }
    }

    /// What is left to ordinary users of the root file system: ext4 keeps 5 % back.
    static func rootAvailableBytes(_ node: Node, _ reading: NodeReading) -> Int {
        max(0, node.rootBytes - reading.rootUsedBytes - node.rootBytes / 20 & ~0xFFF)
    }

    private func writeProcessor(_ node: Node, into json: inout JSONWriter) {
        json.key("cpuinfo")
        json.object { json in
            json.member("cpus", node.threads)
            json.member("cores", max(1, node.threads / 2))
            json.member("sockets", node.sockets)
            json.member("mhz", "3249.998")
            json.member("model", Self.processor)
            json.member("vendor", "AuthenticAMD")
            json.member("family", "25")
            json.member("user_hz", 100)
            json.member("hvm", "1")
            json.member("flags", Self.processorFlags)
        }
    }

    private func writeSystem(_ node: Node, into json: inout JSONWriter) {
        json.member("kversion", "Linux \(inventory.release.kernel) \(inventory.release.kernelVersion)")
        let (version, repository) = installed(on: node.index)
        json.member("pveversion", "pve-manager/\(version)/\(repository)")
        json.key("current-kernel")
        json.object { json in
            json.member("sysname", "Linux")
            json.member("release", inventory.release.kernel)
            json.member("version", inventory.release.kernelVersion)
            json.member("machine", "x86_64")
        }
        json.key("boot-info")
        json.object { json in
            json.member("mode", "efi")
            json.member("secureboot", 0)
        }
    }
}
