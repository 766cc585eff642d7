import JSON

/// Pressure stall information of a guest's control group, in percent of time. Containers have it as text; null without cgroup v2.
package struct Pressure: Sendable {
    package private(set) var cpuSome: Double?
    package private(set) var cpuFull: Double?
    package private(set) var ioSome: Double?
    package private(set) var ioFull: Double?
    package private(set) var memorySome: Double?
    package private(set) var memoryFull: Double?

    init() {}

    /// Takes the member if it is one of pressure's.
    mutating func take(_ key: JSONKey, _ value: JSONValue) {
        switch key {
        case "pressurecpusome": cpuSome = value.number
        case "pressurecpufull": cpuFull = value.number
        case "pressureiosome": ioSome = value.number
        case "pressureiofull": ioFull = value.number
        case "pressurememorysome": memorySome = value.number
        case "pressurememoryfull": memoryFull = value.number
        default: break
        }
    }
}
