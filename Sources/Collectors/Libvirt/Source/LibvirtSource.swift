/// libvirt's own library, loaded when there is one.
struct LibvirtSource: HypervisorSource {
    let uri: String

    func open() -> Result<any HypervisorConnection, SourceError> { .failure(SourceError(.unsupported, "not there yet")) }
}
