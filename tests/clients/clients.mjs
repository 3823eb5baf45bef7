// Client libraries as their users write them, unmodified: what they find is in the environment.
//
// usage: node clients.mjs NAME     prints one JSON object
import { createServer } from 'node:http';

const out = {};
const words = [];

async function seen(call) {
  try {
    await call;
    out.error = null;
  } catch (error) {
    const { status = error.statusCode, code, message, name, cause } = error;
    out.error = { status, code, message, name, cause: `${cause?.cause ?? cause ?? ''}` };
  }
}

const clients = {
  async openai() {
    const { default: OpenAI } = await import('openai');
    const client = new OpenAI();
    const messages = [{ role: 'user', content: 'hello' }];
    const answer = await client.chat.completions.create({ model: 'mock', messages });
    out.text = answer.choices[0].message.content;
    for await (const part of await client.chat.completions.create({ model: 'mock', messages, stream: true })) {
      words.push(part.choices[0]?.delta?.content ?? '');
    }
    out.models = (await client.models.list()).data.map((each) => each.id);
  },

  async langchain() {
    const { ChatOpenAI } = await import('@langchain/openai');
    const model = new ChatOpenAI({ model: 'mock' });
    out.text = (await model.invoke('hello')).content;
    for await (const part of await model.stream('hello')) words.push(part.content);
  },

  async ai() {
    const { generateText, streamText } = await import('ai');
    const { openai } = await import('@ai-sdk/openai');
    const model = openai.chat('mock');
    out.text = (await generateText({ model, prompt: 'hello' })).text;
    for await (const part of streamText({ model, prompt: 'hello' }).textStream) words.push(part);
  },

  async anthropic() {
    const { default: Anthropic } = await import('@anthropic-ai/sdk');
    const client = new Anthropic();
    const request = { model: 'mock', max_tokens: 10, messages: [{ role: 'user', content: 'hello' }] };
    out.text = (await client.messages.create(request)).content[0].text;
    for await (const part of await client.messages.create({ ...request, stream: true })) {
      if (part.type === 'content_block_delta') words.push(part.delta.text);
    }
  },

  async mcp() {
    const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
    const { StreamableHTTPClientTransport } =
      await import('@modelcontextprotocol/sdk/client/streamableHttp.js');
    const client = new Client({ name: 'test', version: '1' });
    const transport = new StreamableHTTPClientTransport(new URL(process.env.MCP_URL));
    await client.connect(transport);
    out.tools = (await client.listTools()).tools.map((each) => each.name);
    const answer = await client.callTool({ name: 'shout', arguments: { text: 'quiet' } });
    out.text = answer.content[0].text;
    out.session = transport.sessionId !== undefined;
    await client.close();
  },

  async 'mcp-server'() {
    const { McpServer } = await import('@modelcontextprotocol/sdk/server/mcp.js');
    const { StreamableHTTPServerTransport } =
      await import('@modelcontextprotocol/sdk/server/streamableHttp.js');
    const { z } = await import('zod');
    const { randomUUID } = await import('node:crypto');
    const server = new McpServer({ name: 'tools', version: '1' });
    server.registerTool('shout', { inputSchema: { text: z.string() } },
      async ({ text }) => ({ content: [{ type: 'text', text: text.toUpperCase() }] }));
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: randomUUID });
    await server.connect(transport);
    const http = createServer((request, response) => transport.handleRequest(request, response));
    http.listen(0, '127.0.0.1', () => console.log(`listening on 127.0.0.1:${http.address().port}`));
    await new Promise(() => {});
  },

  // What a user sees of a refusal, with each library's own idea of trying again.
  async 'refused-openai'() {
    const { default: OpenAI } = await import('openai');
    await seen(new OpenAI().chat.completions.create({ model: 'mock', messages: [] }));
  },

  async 'refused-anthropic'() {
    const { default: Anthropic } = await import('@anthropic-ai/sdk');
    await seen(new Anthropic().messages.create({ model: 'mock', max_tokens: 9, messages: [] }));
  },

  async 'refused-langchain'() {
    const { ChatOpenAI } = await import('@langchain/openai');
    await seen(new ChatOpenAI({ model: 'mock' }).invoke('hello'));
  },

  async 'refused-ai'() {
    const { generateText } = await import('ai');
    const { openai } = await import('@ai-sdk/openai');
    await seen(generateText({ model: openai.chat('mock'), prompt: 'hello' }));
  },

  // A prompt of some megabytes: the refusal comes while it is still being sent.
  async 'refused-large'() {
    const { default: OpenAI } = await import('openai');
    const messages = [{ role: 'user', content: 'x'.repeat(6000000) }];
    await seen(new OpenAI().chat.completions.create({ model: 'mock', messages }));
  },

  // A library that was told another address, and one that knows no proxy: neither gets out.
  async outside() {
    const { default: OpenAI } = await import('openai');
    const options = { baseURL: 'https://api.openai.com/v1', maxRetries: 0, timeout: 20000 };
    await seen(new OpenAI(options).models.list());
    out.fetch = await fetch('https://telemetry.example/').then(() => 'reached', (error) => `${error.cause}`);
  },

  // Two requests of one client, and a pause in which whoever runs this changes the world.
  async twice() {
    const { default: OpenAI } = await import('openai');
    const client = new OpenAI({ maxRetries: 0 });
    const ask = async () => {
      const request = { model: 'mock', messages: [{ role: 'user', content: 'which key?' }] };
      try {
        return (await client.chat.completions.create(request)).choices[0].message.content;
      } catch (error) {
        return error.code;
      }
    };
    out.before = await ask();
    console.log('listening on nothing,');
    const { existsSync } = await import('node:fs');
    while (!existsSync(process.env.GO)) await new Promise((done) => setTimeout(done, 50));
    out.after = await ask();
  },
};

await clients[process.argv[2]]();
out.words = words.filter((word) => word !== '');
console.log(JSON.stringify(out));
