/// A call that a client waits for.
struct LibvirtCall {
    /// The client's number.
    let client: Int
    let header: LibvirtHeader
    let procedure: LibvirtProcedure
    let payload: ArraySlice<UInt8>
    /// Domains for whose lock it waits no more.
    var without: Set<Int> = []
}
