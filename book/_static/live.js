// Linear regions, live: a random ReLU network of two inputs, each pixel coloured by which neurons are
// active there, on the reader's graphics card. <div class="live"> holds the picture for browsers without.
const LIVE = { width: 16, depth: 8 }; // at most

// He's weights N(0, 2 / fan-in) and biases N(0, bias^2): one row a neuron, its bias last.
function liveWeights({ seed, depth, width, bias }) {
  const normal = gaussians(seed);
  const rows = new Float32Array(LIVE.depth * LIVE.width * (LIVE.width + 1));
  for (let layer = 0; layer < depth; layer += 1) {
    const inputs = layer ? width : 2;
    for (let neuron = 0; neuron < width; neuron += 1) {
      const start = (layer * LIVE.width + neuron) * (LIVE.width + 1);
      for (let j = 0; j < inputs; j += 1) rows[start + j] = normal() * Math.sqrt(2 / inputs);
      rows[start + LIVE.width] = normal() * bias;
    }
  }
  return rows;
}

const VERTEX = `#version 300 es
void main() { gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0, 0.0, 1.0); }`;

const FRAGMENT = `#version 300 es
precision highp float;
precision highp int;
uniform sampler2D weights;
uniform ivec2 shape; // depth, width
uniform vec3 view; // centre, half of the side
uniform float size; // pixels of the side
uniform bool named; // the region's number in place of its colour
out vec4 color;
void main() {
  vec2 x = view.xy + view.z * (2.0 * gl_FragCoord.xy / size - 1.0);
  float h[${LIVE.width}], z[${LIVE.width}];
  h[0] = x.x;
  h[1] = x.y;
  uint region = 2166136261u;
  for (int layer = 0; layer < shape.x; layer++) {
    int inputs = layer == 0 ? 2 : shape.y;
    for (int i = 0; i < shape.y; i++) {
      int row = layer * ${LIVE.width} + i;
      float sum = texelFetch(weights, ivec2(${LIVE.width}, row), 0).r;
      for (int j = 0; j < inputs; j++) sum += texelFetch(weights, ivec2(j, row), 0).r * h[j];
      z[i] = max(sum, 0.0);
      region = (region ^ (sum > 0.0 ? uint(row + 1) : 0u)) * 16777619u;
    }
    for (int i = 0; i < shape.y; i++) h[i] = z[i];
  }
  region = (region ^ (region >> 13)) * 1540483477u;
  region ^= region >> 15;
  vec4 bytes = vec4(region & 255u, (region >> 8) & 255u, (region >> 16) & 255u, region >> 24) / 255.0;
  float light = 0.45 + 0.4 * bytes.z;
  color = named ? bytes : vec4(light + 0.2 * cos(6.2832 * (bytes.x + vec3(0.0, 0.33, 0.67))), 1.0);
}`;

// Compile, and say what a network looks like: draw(state) on the canvas, count(state) its regions.
function liveRenderer(canvas) {
  const gl = canvas.getContext("webgl2", { preserveDrawingBuffer: true }); // a printer finds it
  if (!gl) return null;
  const program = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) return null;
  gl.useProgram(program);
  const texture = (format, width, height, layout, kind) => {
    const made = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, made);
    gl.texImage2D(gl.TEXTURE_2D, 0, format, width, height, 0, layout, kind, null);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    return made;
  };
  const hidden = gl.createFramebuffer();
  const numbers = texture(gl.RGBA8, canvas.width, canvas.height, gl.RGBA, gl.UNSIGNED_BYTE);
  gl.bindFramebuffer(gl.FRAMEBUFFER, hidden);
  gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, numbers, 0);
  const rows = [LIVE.width + 1, LIVE.depth * LIVE.width];
  texture(gl.R32F, ...rows, gl.RED, gl.FLOAT);
  const at = (name) => gl.getUniformLocation(program, name);
  const paint = (state, named) => {
    gl.bindFramebuffer(gl.FRAMEBUFFER, named ? hidden : null);
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, ...rows, gl.RED, gl.FLOAT, liveWeights(state));
    gl.uniform2i(at("shape"), state.depth, state.width);
    gl.uniform3f(at("view"), state.x, state.y, state.half);
    gl.uniform1f(at("size"), canvas.width);
    gl.uniform1i(at("named"), named ? 1 : 0);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  };
  const regions = (state) => {
    paint(state, true);
    const pixels = new Uint8Array(canvas.width * canvas.height * 4);
    gl.readPixels(0, 0, canvas.width, canvas.height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
    return new Uint32Array(pixels.buffer);
  };
  return { draw: (state) => paint(state, false), regions };
}
