// `wasi:filesystem/preopens`: no folders of the host.
export const getDirectories = () => [];
